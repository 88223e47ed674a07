/** One requirement, as a test of any runner. */
export interface Check {
  readonly name: string;
  /** Rejects with `POLYTASK_CONFORMANCE`, or with what the part itself threw. */
  run(): Promise<void>;
}

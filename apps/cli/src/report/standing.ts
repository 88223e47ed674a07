/** Where training stands within an epoch. */
export interface Standing {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Mean loss per task since the epoch began. */
  readonly losses: readonly (readonly [task: string, loss: number])[];
  readonly rowsPerSecond: number;
  /** Of this network. */
  readonly secondsLeft: number;
}

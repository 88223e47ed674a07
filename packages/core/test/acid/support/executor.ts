import type { Executor } from '@polytask/core';
import { type ProgramRun, strict } from '@polytask/core/testing';

/** What trains in these suites. */
export interface ExecutorUnderTest {
  /** A new executor that reports the runs of its programs. */
  make(onRun: (run: ProgramRun) => void): Executor;
  /** What it is called where it is compared with others; the strict one is what others are compared with. */
  readonly name?: string;
  /** Whether it reports the operations of a run too. */
  readonly reportsOperations: boolean;
}

let chosen: ExecutorUnderTest = { make: (onRun) => strict({ onRun }), reportsOperations: true };

/** Has the suites that are imported from now on train with another executor than the strict one. */
export function useExecutor(executor: ExecutorUnderTest): void {
  chosen = executor;
}

/** The executor of these suites. */
export const executorUnderTest = () => chosen;

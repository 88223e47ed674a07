import type { AnyTask, EpochEvent, StepEvent } from '@polytask/core';

/** A network whose training is about to be shown. */
export interface ProgressOf {
  readonly label: string;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly rowsPerStep: number;
  /** Before this process began. Default 0. */
  readonly stepsDone?: number;
  readonly tasks: readonly Pick<AnyTask, 'name' | 'primaryMetric'>[];
}

/** Takes what a run reports while it trains. */
export interface Progress {
  note(text: string): void;
  /** Something that the user should know even under `--quiet`. */
  warn(text: string): void;
  begin(network: ProgressOf): void;
  step(event: StepEvent): void;
  epoch(event: EpochEvent): void;
  /** Training of this network is over; may be called more than once. */
  end(): void;
}

/** Nothing at all. */
export const noProgress: Progress = { note() {}, warn() {}, begin() {}, step() {}, epoch() {}, end() {} };

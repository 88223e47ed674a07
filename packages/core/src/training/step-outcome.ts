import type { Batch } from '../contracts/batch.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { StepReport } from '../contracts/step-report.js';
import type { BatchSources, Runtime, StepNumbers } from './runtime.js';

/** What happened in a step. */
export type StepOutcome = Omit<StepReport, 'logged'> & StepNumbers;

/** Takes one step of training. */
export type RunStep = (runtime: Runtime, info: StepInfo, batch: Batch, sources: BatchSources) => Promise<StepOutcome>;

import type { Optimizer } from '../contracts/optimizer.js';
import type { TaskConstants } from '../contracts/task.js';
import type { Model } from '../model/multi-task-model.js';
import { aggregationPrograms } from './aggregation-programs.js';
import { combinationPrograms } from './combination-programs.js';
import { inferencePrograms } from './inference-programs.js';
import { jacobianPrograms } from './jacobian-programs.js';
import { lossPrograms } from './loss-programs.js';
import { programParts } from './program-parts.js';
import { vectorPrograms } from './vector-programs.js';

/** Every program of a run; made once, so that an executor may keep what it compiled. */
export type Programs = ReturnType<typeof createPrograms>;

/**
 * The programs behind a step: pure functions of the variables, a batch and feeds. What is fed: the batch (`input/…`,
 * `target/…`, `share/…`), `active` [K], parts' numbers (`sharing/…`, `auxiliary/…`, `balancing/…`, `state/…`), the optimizer's
 * (`factor/…`, `slot/…`, `values`), and whatever device tensors the program combines. All training programs give `losses` [K]
 * and, where there are auxiliary terms, `terms`.
 */
export function createPrograms(
  model: Model,
  optimizer: Optimizer,
  constants: { readonly [task: string]: TaskConstants },
) {
  const parts = programParts(model, optimizer, constants);
  return {
    ...lossPrograms(parts),
    ...jacobianPrograms(parts),
    ...combinationPrograms(parts),
    ...aggregationPrograms(parts),
    ...vectorPrograms,
    ...inferencePrograms(parts),
  };
}

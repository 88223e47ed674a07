import { byTask, choice, compact, number, optional, whole, withDefault } from '@polytask/core';
import { numbersByTask } from '../by-task.js';
import { sumOf } from '../solvers/dense.js';

/** For methods that need no more than G, which may be that of any gradients. */
export const comparedGradients = /* @__PURE__ */ withDefault(
  /* @__PURE__ */ choice('shared', 'last-shared-layer', 'layers', 'representation'),
  'shared',
  'Which gradients are compared: of all shared parameters, of the last shared layer, of each layer by itself, or of the shared representation.',
);

/** For methods that combine the gradients coordinate by coordinate. */
export const combinedGradients = /* @__PURE__ */ withDefault(
  /* @__PURE__ */ choice('shared', 'representation'),
  'shared',
  'Which gradients are combined: of all shared parameters, or of the shared representation.',
);

/** For methods whose weights may hold for some steps. */
export const updateEveryOption = /* @__PURE__ */ withDefault(
  /* @__PURE__ */ whole({ from: 1 }),
  1,
  'Steps that weights hold for; in between a step has one backward pass. Not with `layers`.',
);

/** How much tasks matter, for methods that can be told so. */
export const preferenceOption = /* @__PURE__ */ optional(
  /* @__PURE__ */ byTask(/* @__PURE__ */ number({ above: 0 }), 'importance'),
  'How much tasks matter, relative to one another; a task that is not named counts 1.',
  'all the same',
);

/** What was given by task name as a list in the order of tasks. */
export function inTaskOrder(
  given: { readonly [task: string]: number } | undefined,
  tasks: readonly string[],
  option: string,
  otherwise = 1,
): Float64Array {
  return Float64Array.from(numbersByTask(tasks, given ?? {}, otherwise, option));
}

/** Of the tasks present, with a sum of 1. */
export function sharesOf(all: Float64Array, tasks: readonly number[]): Float64Array {
  const found = compact(all, tasks);
  const total = sumOf(found);
  return found.map((value) => value / total);
}

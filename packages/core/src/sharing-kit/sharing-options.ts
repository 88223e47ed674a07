import { optional } from '../options/option.js';
import { byTask, either, part } from '../options/takes.js';

const encoders = byTask(part('encoder'), 'encoders');

/**
 * The option `head` that sharing strategies have in common, for their tables of options; {@link buildHeads} takes it as it is.
 *
 * @example
 * ```ts
 * import { buildEncoder, buildHeads, buildTaskInputs, describePart, headOption, part, required } from '@polytask/core';
 *
 * const oneTrunk = describePart('sharing', {
 *   name: 'one-trunk',
 *   summary: 'A trunk for all tasks.',
 *   options: { encoder: required(part('encoder'), 'The trunk.'), head: headOption },
 *   make: ({ encoder, head }) => ({
 *     bind({ tasks, inputs, scope }) {
 *       const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs);
 *       const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
 *       const heads = buildHeads(scope, tasks, trunk.output, head);
 *       return { forward: (x, step) => heads.apply(applyShared(x, step, trunk.apply).features, step) };
 *     },
 *   }),
 * });
 * ```
 */
export const headOption = optional(
  either([part('encoder'), encoders], 'an encoder, or encoders by task name'),
  "Hidden layers of the tasks' heads: one encoder for all, or encoders by task name.",
  'none, so that heads are linear',
);

/** The option `adapters` of strategies whose tasks go through one encoder; {@link buildTaskInputs} takes it as it is. */
export const adaptersOption = optional(
  encoders,
  'Encoders by task name, before the shared one, for tasks whose inputs have other shapes.',
);

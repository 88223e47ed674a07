import { byTask, either, optional, part } from '@polytask/core';

const encoders = byTask(part('encoder'), 'encoders');

/** Options that all strategies of this package have. */
export const headAndAdapters = {
  head: optional(
    either([part('encoder'), encoders], 'an encoder, or encoders by task name'),
    "Hidden layers of the tasks' heads: one encoder for all, or encoders by task name.",
    'none, so that heads are linear',
  ),
  adapters: optional(
    encoders,
    'Encoders by task name, before the shared one, for tasks whose inputs have other shapes.',
  ),
};

import type { PartKind } from '../contracts/description.js';
import { optional, withDefault } from './option.js';
import { choice, flag, number, whole } from './takes.js';

const scale = withDefault(
  choice('tasks', 'paper'),
  'tasks',
  'paper: weights as published; tasks: rescaled so that the weights of the tasks present sum to their number.',
);

const byKind = {
  'loss-weighting': { scale },
  'gradient-balancing': {
    scale,
    headGradients: withDefault(
      choice('raw', 'weighted'),
      'raw',
      'What parameters of a single task get: the gradient of its own loss, or that times the weight of the task.',
    ),
  },
  auxiliary: {
    weight: withDefault(number({ from: 0 }), 1, 'Factor of the term.'),
    updateEvery: withDefault(whole({ from: 1 }), 1, 'Steps between two host phases of the term.'),
    asTask: optional(flag(), 'Balance the term like one more task, instead of adding it after balancing.', 'false'),
  },
} as const;

/** Options that every part of a kind has. */
export type KindOptions<Kind extends PartKind> = Kind extends keyof typeof byKind
  ? (typeof byKind)[Kind]
  : Record<never, never>;

/** Options that every part of a kind has; they are set on the part as they are. */
export function kindOptions<Kind extends PartKind>(kind: Kind): KindOptions<Kind> {
  return (Object.hasOwn(byKind, kind) ? byKind[kind as keyof typeof byKind] : {}) as KindOptions<Kind>;
}

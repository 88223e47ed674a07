import type { LearningRateSchedule } from '../contracts/optimizer.js';
import { type OptionsOf, optional, withDefault } from '../options/option.js';
import { byName, code, mapping, number } from '../options/takes.js';

/** A learning rate schedule, as an option. */
export const schedule = code<LearningRateSchedule>(
  'a learning rate schedule, such as `cosineDecay(1000)`',
  (value) => typeof value === 'function',
  'learning-rate-schedule',
);

const groupRate = optional(number({ from: 0 }), 'Learning rate of the group.', "the optimizer's");
const groupDecay = optional(
  number({ from: 0 }),
  'Weight decay of the group.',
  "the optimizer's; 0 for group `balancing`",
);

/** Parameter groups of an optimizer without weight decay. */
const rates = mapping({ learningRate: groupRate });

/** Parameter groups of an optimizer with it. */
export const ratesAndDecays = mapping({ learningRate: groupRate, decay: groupDecay });

/** The option for parameter groups, whose entries are as said. */
// @__NO_SIDE_EFFECTS__
export function groupsOf<Entry extends typeof rates | typeof ratesAndDecays>(entry: Entry) {
  return withDefault(
    byName(entry as typeof ratesAndDecays, 'learning rates and decays by parameter group'),
    {},
    'Learning rates and decays of parameter groups, such as `balancing`.',
  );
}

/** Options that every optimizer has. */
// @__NO_SIDE_EFFECTS__
export function commonOptions(learningRate: number, source: string) {
  return {
    learningRate: withDefault(number({ above: 0 }), learningRate, 'Step size.', source),
    schedule: optional(schedule, 'Factor of the learning rate, by the number of steps taken.', 'always 1'),
    clipNorm: optional(
      number({ above: 0 }),
      "Largest Euclidean norm of the model's gradient; longer ones are scaled down to it.",
      'none is scaled',
    ),
    groups: groupsOf(rates),
  };
}

/** Options that every optimizer has. */
export type OptimizerOptions = OptionsOf<ReturnType<typeof commonOptions>>;

/** A small number in a denominator. */
// @__NO_SIDE_EFFECTS__
export const epsilonOption = (value: number, source: string, of = 'the root') =>
  withDefault(number({ above: 0 }), value, `Added to ${of}.`, source);

import { adagrad, adam, adamW, momentum, type Optimizer, rmsProp, sgd } from '@polytask/core';
import { atLeastZero, byName, flag, mapping, positive, share, text } from '../config/words.js';
import { ownPart, partSchema, partTable } from './part-table.js';
import { scheduleSchema } from './schedules.js';

const decay = atLeastZero().exactOptional();

/** What every optimizer takes; `rate` is its default learning rate. */
const common = (rate: string) => ({
  learningRate: positive().exactOptional().describe(`Step size. Default ${rate}.`),
  schedule: scheduleSchema.exactOptional().describe('Factor of the learning rate by step. Default: always 1.'),
  clipNorm: positive().exactOptional().describe('Longer gradients are scaled down to this norm. Default: never.'),
  groups: byName(
    text('a name'),
    mapping({ learningRate: atLeastZero().exactOptional(), decay }),
    'learning rates and decays by parameter group',
  )
    .exactOptional()
    .describe('Learning rate and decay of parameter groups, such as `balancing`.'),
});

const moments = {
  beta1: share().exactOptional().describe('Decay of the first moment. Default 0.9.'),
  beta2: share().exactOptional().describe('Decay of the second moment. Default 0.999.'),
};

const epsilon = (usual: string) => positive().exactOptional().describe(`Added to the root. Default ${usual}.`);

/** Optimizers by their short names. */
export const optimizers = partTable('optimizer', ['optimizer'], {
  adam: ownPart('Adam.', { ...common('0.001'), ...moments, epsilon: epsilon('1e-8') }, adam),
  'adam-w': ownPart(
    'Adam with decoupled weight decay.',
    { ...common('0.001'), ...moments, epsilon: epsilon('1e-8'), decay: decay.describe('Default 0.01.') },
    adamW,
  ),
  sgd: ownPart('Stochastic gradient descent.', common('0.01'), sgd),
  momentum: ownPart(
    'Gradient descent with momentum.',
    {
      ...common('0.01'),
      momentum: share().exactOptional().describe('Default 0.9.'),
      nesterov: flag().exactOptional().describe('Look ahead by one velocity. Default false.'),
    },
    momentum,
  ),
  'rms-prop': ownPart(
    'RMSProp.',
    {
      ...common('0.001'),
      rho: share().exactOptional().describe('Decay of the mean square. Default 0.9.'),
      epsilon: epsilon('1e-8'),
    },
    rmsProp,
  ),
  adagrad: ownPart('Adagrad.', { ...common('0.01'), epsilon: epsilon('1e-10') }, adagrad),
});

/** Where an optimizer may stand. */
export const optimizerSchema = partSchema<Optimizer>(optimizers, 'optimizer');

import {
  defineAuxiliary,
  defineEncoder,
  defineLossWeighting,
  defineObserver,
  defineStepPlan,
  defineTask,
  mlp,
  PolytaskError,
  sumOfLosses,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { disposer, makeTable, mixedTrainer } from '../training/fixtures.js';

const { keep, disposeAll } = disposer();
afterEach(disposeAll);
const train = makeTable(6, 1);
const broken = (): never => {
  throw new TypeError('cannot read of undefined');
};

async function failure(options: Parameters<typeof mixedTrainer>[0]): Promise<PolytaskError> {
  const error = await mixedTrainer(options)
    .then((trainer) => keep(trainer).fit(train, { epochs: 1 }))
    .catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PolytaskError);
  return error as PolytaskError;
}

describe('what part code throws', () => {
  const cases: [string, string, Parameters<typeof mixedTrainer>[0]][] = [
    ['loss weighting `faulty`', 'bind', { balancing: defineLossWeighting({ name: 'faulty', bind: broken }) }],
    [
      'loss weighting `faulty`',
      'scalarize',
      { balancing: defineLossWeighting({ name: 'faulty', bind: () => ({ scalarize: broken }) }) },
    ],
    [
      'step plan `faulty`',
      'step',
      { balancing: defineStepPlan({ name: 'faulty', bind: () => ({ step: async () => broken() }) }) },
    ],
    [
      'auxiliary `faulty`',
      'prepare',
      { auxiliary: [defineAuxiliary({ name: 'faulty', bind: () => ({ prepare: broken, loss: () => tf.scalar(0) }) })] },
    ],
    [
      'observer `faulty`',
      'probe',
      {
        observers: [
          defineObserver({ name: 'faulty', bind: () => ({ probe: () => Promise.reject(broken), result: () => null }) }),
        ],
      },
    ],
    [
      'encoder `faulty`',
      'apply',
      {
        sharing: tinySharing(
          defineEncoder({
            name: 'faulty',
            stages: () => [
              { name: 'only', build: () => ({ output: { shape: [3], dtype: 'float32' }, apply: broken }) },
            ],
          }),
        ),
      },
    ],
  ];
  it.each(cases)('says that it is of the %s, in `%s`', async (part, place, options) => {
    const error = await failure(options);
    expect(error.code).toBe('POLYTASK_PART_FAILED');
    expect(error.message).toContain(`The ${part} failed in \`${place}\``);
    expect(error.part).toMatchObject({ name: 'faulty', place });
  });

  it('keeps an error of ours, and adds the part; what primitives throw is not the plan’s', async () => {
    const own = defineStepPlan({
      name: 'mistaken',
      bind: () => ({
        async step({ gradient, losses }) {
          await gradient({ weights: [1] });
          return { losses: await losses(), weights: [] };
        },
      }),
    });
    const error = await failure({ balancing: own });
    expect(error).toMatchObject({ code: 'POLYTASK_SHAPE_MISMATCH', part: { kind: 'step-plan', name: 'mistaken' } });
  });

  it('leaves instances what they are: frozen ones, classes with private fields, copies', () => {
    class Weighting {
      #factor = 2;
      scalarize = (losses: tf.Tensor1D) => tf.mul(tf.sum(losses), this.#factor);
      saveState() {
        return { factor: this.#factor };
      }
    }
    const context = undefined as never;
    const ofClass = defineLossWeighting({ name: 'class', bind: () => new Weighting() }).bind(context);
    expect(ofClass.saveState?.()).toEqual({ factor: 2 });
    const frozen = defineLossWeighting({ name: 'frozen', bind: () => Object.freeze(sumOfLosses().bind(context)) });
    const bound = frozen.bind(context);
    expect(bound.scalarize).toBe(bound.scalarize);
    expect(Object.keys({ ...bound })).toEqual(['scalarize']);
    expect('feeds' in bound).toBe(false);
  });
});

describe('numbers that are not finite', () => {
  const nonFinite = (code = 'POLYTASK_NON_FINITE') => expect.objectContaining({ code });

  it('are blamed on the auxiliary that gives them, in its step', async () => {
    // Finite until its third step.
    const late = defineAuxiliary({
      name: 'late',
      bind: () => ({
        feeds: ({ step }) => ({ top: { data: Float32Array.of(step < 2 ? 1 : 0), shape: [] } }),
        loss: ({ feeds }) => tf.log(feeds.top as tf.Scalar) as tf.Scalar,
      }),
    });
    const trainer = keep(await mixedTrainer({ auxiliary: [late] }));
    const failed = trainer.fit(train, { epochs: 3, batchSize: 3 });
    await expect(failed).rejects.toEqual(nonFinite());
    await expect(failed).rejects.toThrow(/The auxiliary term `late` is -Infinity at step 2.*tasks are not to blame/);
  });

  it('are blamed on the loss weighting whose weights they are', async () => {
    const faulty = defineLossWeighting({
      name: 'faulty',
      bind: () => ({ scalarize: (losses) => tf.sum(tf.sqrt(tf.sub(losses, losses))) as tf.Scalar }),
    });
    const error = await failure({ balancing: faulty });
    expect(error.code).toBe('POLYTASK_NON_FINITE');
    expect(error.message).toMatch(/losses are finite: what the loss weighting `faulty` makes of them is not/);
  });

  it.each([
    [
      'losses',
      { losses: new Float64Array(1), weights: [1, 1] },
      /reports as `losses` must have shape \[2\], but has shape \[1\]/,
    ],
    [
      'weights',
      { losses: new Float64Array(2), weights: [] },
      /reports as `weights` must have shape \[2\], but has shape \[0\]/,
    ],
    [
      'gramian',
      { losses: new Float64Array(2), weights: [1, 1], gramian: new Float64Array(3) },
      /must have shape \[4\]/,
    ],
    ['anything', undefined, /reports as `losses` must have shape \[2\]/],
  ])('a plan that reports too few %s is refused', async (_, report, message) => {
    const plan = defineStepPlan({ name: 'short', bind: () => ({ step: async () => report as never }) });
    expect((await failure({ balancing: plan })).message).toMatch(message);
  });
});

describe('define', () => {
  const weights = { bind: () => ({ scalarize: broken }) };
  it.each([
    [
      'scale',
      () => defineLossWeighting({ name: 'a', ...weights, scale: 'papers' as never }),
      /`scale`.*`paper`, `tasks`/,
    ],
    ['bind', () => defineLossWeighting({ name: 'a' } as never), /`bind` must be a function, but is undefined/],
    ['name', () => defineLossWeighting({ name: '', ...weights }), /`name` must be a text/],
    ['interval', () => defineObserver({ name: 'a', interval: 0, bind: broken }), /`interval` must be a whole number/],
    ['updateEvery', () => defineAuxiliary({ name: 'a', updateEvery: 0.5, bind: broken }), /`updateEvery`/],
  ])('refuses a wrong %s', (_, define, message) => {
    expect(define).toThrow(message);
    expect(define).toThrow(expect.objectContaining({ code: 'POLYTASK_BROKEN_PART' }));
  });

  it('refuses metrics that would be mistaken for something else', () => {
    const metric = (name: string, better: 'lower' | 'none' = 'lower') =>
      ({ name, better, start: broken }) as never as { name: string };
    const task = (metrics: object[], primaryMetric: string) => () =>
      defineTask({
        name: 'level',
        type: 'test',
        target: { shape: [], dtype: 'float32' },
        outputs: {},
        loss: broken,
        predict: broken,
        decode: broken,
        metrics: metrics as never,
        primaryMetric: primaryMetric as never,
      });
    expect(task([metric('mae')], 'mae')).not.toThrow();
    expect(task([metric('mae')], 'rmse')).toThrow(/`primaryMetric` must be one of its metrics, `mae`, but is `rmse`/);
    expect(task([metric('loss')], 'loss')).toThrow(/must not be called `loss`/);
    expect(task([metric('constructor')], 'constructor')).toThrow(/must not be called `constructor`/);
    expect(task([metric('mae'), metric('mae')], 'mae')).toThrow(/two are called `mae`/);
    expect(task([metric('counts', 'none')], 'counts')).toThrow(/cannot be ranked/);
  });

  it('refuses gradients that there are not, with the nearest', async () => {
    const { defineGradientBalancing } = await import('@polytask/core');
    const define = () => defineGradientBalancing({ name: 'a', gradientsOf: 'layer' as never, bind: broken });
    expect(define).toThrow(/`gradientsOf` must be one of .* but is `layer`. Did you mean `layers`\?/);
  });

  it('lets ready encoders through', () => expect(mlp([2]).name).toBe('mlp'));
});

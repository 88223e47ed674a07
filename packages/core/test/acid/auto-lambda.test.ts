import { type Batch, defineStepPlan, mlp, type StepPlan, type StepPrimitives, sgd } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { autoLambda } from './methods/auto-lambda.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const sharing = tinySharing(mlp([8], { activation: 'tanh', dropout: 0.2 }));
const tasks = toyTasks('a', 'b', 'c');
const train = toyTable(['a', 'b', 'c'], 16);
const validation = toyTable(['a', 'b', 'c'], 12, {}, 'validation');
const innerRate = 0.05;

/** Runs a plan with its primitives watched, and looks at them before the plan moves anything. */
function spied(plan: StepPlan, before: (primitives: StepPrimitives, validation: Batch) => Promise<void>): StepPlan {
  return defineStepPlan({
    name: 'spied',
    bind(context) {
      const bound = plan.bind(context);
      return {
        ...bound,
        async step(primitives) {
          const batch = await primitives.validationBatch();
          await before(primitives, batch);
          return bound.step({ ...primitives, validationBatch: async () => batch });
        },
      };
    },
  });
}

test('Auto-Lambda: the gradient by λ is that of the bilevel objective', async () => {
  const primary = ['a', 'c'];
  const trueGradients: number[][] = [];
  const found: (readonly number[])[] = [];
  let lambda: readonly number[] = [0.5, 0.5, 0.5];
  const method = autoLambda({
    primary,
    innerRate,
    onGradient(gradient) {
      found.push(gradient);
    },
  });
  const plan = spied(method, async (primitives, batch) => {
    /** Σ of the primary validation losses after one virtual step under λ. */
    const objective = async (at: readonly number[]) => {
      const virtual = await primitives.clone(primitives.parameters);
      await primitives.axpy(virtual, -innerRate, (await primitives.gradient({ weights: at })).gradient);
      const [a = 0, , c = 0] = await primitives.losses({ parameters: virtual, batch });
      return a + c;
    };
    const h = 0.5; // The objective is smooth in λ at this scale; float32 asks for a long step.
    const gradient: number[] = [];
    for (let i = 0; i < 3; i++) {
      const shifted = (by: number) => lambda.map((value, j) => (j === i ? value + by : value));
      gradient.push(((await objective(shifted(h))) - (await objective(shifted(-h)))) / (2 * h));
    }
    trueGradients.push(gradient);
  });
  const options = { tasks, sharing, balancing: plan, optimizer: sgd({ learningRate: 0.05 }) };
  await trained(options, train, { epochs: 2, batchSize: 8, validation }, ({ checkpoint, events }) => {
    lambda = (checkpoint.state.balancing as { values: number[] }).values;
    expect(trueGradients.length).toBe(4);
    // At the first step λ is what it was compared at.
    expectClose(found[0], trueGradients[0] ?? [], 2e-3);
    expect(Math.max(...(trueGradients[0] ?? []).map(Math.abs))).toBeGreaterThan(0.02);
    expect(Object.values(events.at(-1)?.weights ?? {})).toEqual([...Float32Array.from(lambda)]);
  });
});

test('Auto-Lambda: says what is missing without validation data', async () => {
  const options = { tasks, sharing, balancing: autoLambda({ innerRate }) };
  await expect(trained(options, train, { epochs: 1 })).rejects.toThrow('`auto-lambda` needs validation data');
});

test('Auto-Lambda resumes', async () => {
  const options = () => ({ tasks, sharing, balancing: autoLambda({ innerRate, primary: ['a'] }) });
  await expectResumes(options, train, { epochs: 3, batchSize: 8, validation }, 3);
});

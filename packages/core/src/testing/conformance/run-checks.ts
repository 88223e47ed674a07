import * as tf from '@tensorflow/tfjs';
import type { Executor } from '../../contracts/executor.js';
import { eager } from '../../executors/eager.js';
import { sgd } from '../../optimizers/sgd.js';
import type { StepEvent } from '../../training/fit-options.js';
import { strict } from '../strict-executor.js';
import type { Check } from './check.js';
import { differenceOf, requireClose, requireFinite, requireThat } from './require-that.js';
import { batches, inTrial, type Subject, type Trial, type TrialOptions } from './trial.js';
import { watchArguments } from './watch-arguments.js';
import { watchTaught } from './watch-taught.js';

/** What every part has to stand in training runs. `executors` by name, besides `strict()` and `eager()`. */
export function runChecks(subject: Subject, executors: { readonly [name: string]: () => Executor }): Check[] {
  const all = { eager, ...executors };
  return [
    {
      name: 'trains, in programs that an executor may trace',
      run: () => train(subject, { executor: strict() }, moved),
    },
    ...Object.entries(all).map(([name, make]) => ({
      name: `gives the same numbers under ${name}`,
      run: () => compareExecutors(subject, name, make),
    })),
    { name: 'works with one task', run: () => train(subject, { tasks: 1 }) },
    { name: 'works with forty tasks', run: () => train(subject, { tasks: 40 }, undefined, 1) },
    { name: 'bears a task whose loss is 0', run: () => train(subject, { zero: 1 }) },
    { name: 'leaves absent tasks alone', run: () => standStill(subject) },
    { name: 'has no part in steps without labels', run: () => stepsOfTerms(subject) },
    { name: 'leaves alone what it is given', run: () => train(subject, { onBind: watchArguments }) },
    { name: 'leaves no tensor behind', run: () => countTensors(subject) },
  ];
}

/** Some epochs, after which everything is finite. */
async function train(
  subject: Subject,
  options: TrialOptions,
  look?: (trial: Trial) => Promise<void>,
  epochs = 2,
): Promise<void> {
  await inTrial(subject, options, async (trial) => {
    await trial.train(epochs);
    for (const event of trial.events) requireReport(event, trial.tasks);
    for (const [path, values] of Object.entries(await trial.values())) {
      requireFinite(values, () => `After training the values of \`${path}\``);
    }
    await look?.(trial);
  });
}

/** Losses, weights and terms of a step are numbers; tasks without a loss have no weight. */
function requireReport({ step, losses, weights, terms }: StepEvent, tasks: readonly string[]): void {
  requireFinite(Object.values(terms), () => `Auxiliary terms at step ${step}`);
  requireFinite(Object.values(weights), () => `Weights at step ${step}`);
  for (const task of tasks) {
    requireThat(
      task in losses && task in weights,
      () => `Step ${step} must report a loss and a weight of \`${task}\`.`,
    );
    const absent = Number.isNaN(losses[task]);
    requireThat(
      !absent || weights[task] === 0,
      () => `A task that is absent must have weight 0, but \`${task}\` has ${weights[task]} at step ${step}.`,
    );
  }
}

async function moved(trial: Trial): Promise<void> {
  const after = await trial.values();
  await trial.train(3);
  const later = await trial.values();
  const { segments = [] } = trial.trainer.parameters?.layout ?? {};
  const moves = segments.some(({ path }) => later[path]?.some((value, i) => value !== after[path]?.[i]));
  requireThat(moves, () => 'Training must move parameters, but a third epoch left them all as they were.');
}

async function compareExecutors(subject: Subject, name: string, make: () => Executor): Promise<void> {
  // Plain descent: Adam makes a step of the full size of a gradient that is 0 but for rounding.
  const optimizer = sgd({ learningRate: 0.05 });
  const run = (executor: Executor) =>
    inTrial(subject, { executor, optimizer }, async (trial) => {
      await trial.train(2);
      return trial.values();
    });
  const [expected, found] = [await run(strict()), await run(make())];
  for (const [path, values] of Object.entries(expected)) {
    requireClose(found[path] ?? [], values, 1e-3, () => `\`${path}\` after two epochs under ${name}, against strict()`);
  }
}

/**
 * In the second batch of a trial the second task has no label, in the third only the first task has any. An auxiliary objective may teach
 * them there if it says so.
 */
async function standStill(subject: Subject): Promise<void> {
  if (subject.perTaskData) return;
  const { taught, onBind } = watchTaught();
  await inTrial(subject, { onBind }, async (trial) => {
    const of = async (task: string) => {
      const values = await trial.values();
      const { segments = [], stateSegments = [] } = trial.trainer.parameters?.layout ?? {};
      const own = [...segments, ...stateSegments].filter(({ usedBy }) => usedBy.join() === task);
      return Object.fromEntries(own.map(({ path }) => [path, values[path] as Float32Array]));
    };
    for (let step = 0; step < 3; step++) {
      const before = step === 0 ? {} : await of('task2');
      await trial.train(1, { step });
      for (const [path, values] of taught(step).includes('task2') ? [] : Object.entries(before)) {
        requireClose(
          (await of('task2'))[path] ?? [],
          values,
          0,
          () => `\`${path}\` must not move while its task is absent`,
        );
      }
    }
    for (const event of trial.events) requireReport(event, trial.tasks);
    const [, second, third] = trial.events.map(({ losses }) => trial.tasks.map((task) => Number.isNaN(losses[task])));
    requireThat(
      second?.join() === 'false,true,false' && third?.join() === 'false,true,true',
      () => 'Losses of tasks that are absent must be reported as NaN, those of others as numbers.',
    );
  });
}

/** In the fourth batch no task has a label, so that a balancing has nothing to balance: neither its state nor its variables move. */
async function stepsOfTerms(subject: Subject): Promise<void> {
  if (subject.perTaskData) return;
  await inTrial(subject, { unlabelled: true }, async (trial) => {
    const balances = subject.kind !== 'sharing' && subject.kind !== 'auxiliary';
    const own = async () => {
      const values = await trial.values();
      const { segments = [] } = trial.trainer.parameters?.layout ?? {};
      const variables = segments.filter(({ group }) => group === 'balancing').map(({ path }) => [path, values[path]]);
      return { state: structuredClone(trial.bound()?.saveState?.()), variables: Object.fromEntries(variables) };
    };
    await trial.train(1, { step: batches - 1 });
    const before = await own();
    await trial.train(1, { step: batches });
    const difference = balances ? differenceOf(await own(), before) : undefined;
    requireThat(
      difference === undefined,
      () => `A step without labels must leave a balancing as it was, but ${difference}.`,
    );
    for (const event of trial.events) requireReport(event, trial.tasks);
    for (const [path, values] of Object.entries(await trial.values())) {
      requireFinite(values, () => `After a step without labels the values of \`${path}\``);
    }
  });
}

async function countTensors(subject: Subject): Promise<void> {
  const start = tf.memory().numTensors;
  await inTrial(subject, {}, async (trial) => {
    await trial.train(1);
    const before = tf.memory().numTensors;
    await trial.train(8);
    const left = tf.memory().numTensors - before;
    requireThat(left === 0, () => `Twenty steps must leave as many tensors as there were, but left ${left} more.`);
  });
  const left = tf.memory().numTensors - start;
  requireThat(
    left === 0,
    () =>
      `A run that is disposed of must leave no tensor, but left ${left}. Give back in \`dispose\` what was made outside programs.`,
  );
}

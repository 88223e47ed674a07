import * as tf from '@tensorflow/tfjs';
import type { InputSpecs } from '../../contracts/batch.js';
import type { StepContext } from '../../contracts/encoder.js';
import { firstStep } from '../../contracts/loss-weighting.js';
import type { BoundSharing } from '../../contracts/sharing.js';
import { type HostTensor, sizeOf } from '../../contracts/tensors.js';
import { sgd } from '../../optimizers/sgd.js';
import { gradientWith } from '../../programs/tape.js';
import { uniformFloats } from '../../random/uniform-stream.js';
import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireClose, requireThat } from './require-that.js';
import { inTrial, type Subject, type Trial } from './trial.js';
import { inputRows } from './trial-data.js';

/** What a sharing strategy has to give besides. */
export function sharingChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  const { inputs } = subject;
  const checks: Check[] = [
    {
      name: 'gives every task its outputs and features, for 1 row and 7',
      run: () =>
        bound(subject, (model, { trainer, tasks: names }) => {
          for (const rows of [1, 7]) {
            const state = model.forward(tensorsOf(inputs, rows), stepOf(true), feedsOf(model));
            requireThat(
              Object.keys(state.outputs).sort().join() === names.join(),
              () =>
                `\`outputs\` must be those of ${names.join(', ')}, but are of ${Object.keys(state.outputs).join(', ')}.`,
            );
            for (const { name, outputs } of trainer.tasks) {
              for (const [output, declared] of Object.entries(outputs)) {
                const [wanted, found] = [
                  [rows, ...declared].join(', '),
                  state.outputs[name]?.[output]?.shape.join(', '),
                ];
                requireThat(
                  found === wanted,
                  () => `Output \`${output}\` of \`${name}\` must be [${wanted}] for ${rows} rows, but is [${found}].`,
                );
              }
              const features = state.features[name];
              requireThat(
                features?.shape[0] === rows,
                () => `\`features\` of \`${name}\` must have ${rows} rows, but have ${features?.shape[0] ?? 'none'}.`,
              );
            }
          }
        }),
    },
    {
      name: 'lets a variable reach the tasks that use it and no others',
      run: () => bound(subject, (model, trial) => requireUse(model, inputs, trial)),
    },
    {
      name: 'turns what heads see by its rotations, where it has any',
      run: () => bound(subject, (model, { tasks }) => requireRotations(model, inputs, tasks)),
    },
    {
      name: 'starts from the seed',
      async run() {
        const values = (seed: number) => inTrial(subject, { seed }, (trial) => trial.values());
        const [first, again, other] = [await values(1), await values(1), await values(2)];
        for (const [path, one] of Object.entries(first)) {
          requireClose(again[path] ?? [], one, 0, () => `\`${path}\` must start the same from the same seed`);
        }
        const differs = Object.entries(first).some(([path, one]) => one.some((value, j) => value !== other[path]?.[j]));
        requireThat(differs, () => 'Another seed must give other initial values, but gave the same.');
      },
    },
    {
      name: 'saves a model that predicts the same',
      async run() {
        const rows = hostInputs(inputs, 5);
        const { model, expected } = await inTrial(subject, {}, async (trial) => {
          await trial.train(1);
          return { model: await trial.trainer.model(), expected: await trial.trainer.predict(rows) };
        });
        await inTrial(subject, { seed: 2 }, async ({ trainer, tasks }) => {
          await trainer.loadModel(model);
          const found = await trainer.predict(rows);
          for (const task of tasks) {
            requireClose(
              found[task] as number[],
              expected[task] as number[],
              0,
              () => `Predictions of \`${task}\` must be the same after \`loadModel\``,
            );
          }
        });
      },
    },
    {
      name: 'predicts a row whatever rows come with it',
      async run() {
        await inTrial(subject, {}, async ({ trainer, train, tasks }) => {
          await train(1);
          const together = await trainer.predict(hostInputs(inputs, 3));
          for (let row = 0; row < 3; row++) {
            const alone = await trainer.predict(rowOf(hostInputs(inputs, 3), row));
            for (const task of tasks) {
              const [one, all] = [alone[task] as number[], together[task] as number[]];
              requireClose(one, [all[row] as number], 1e-5, () => `The prediction of \`${task}\` for a row alone`);
            }
          }
        });
      },
    },
  ];
  if (claims.includes('order-of-tasks')) {
    checks.push({
      name: 'does not depend on the order of tasks, as claimed',
      async run() {
        const rows = hostInputs(inputs, 5);
        const predicted = (tasks: readonly string[]) =>
          // At a rate of nothing: labels go by the place of a task.
          inTrial(subject, { tasks, optimizer: sgd({ learningRate: 1e-30 }) }, async ({ train, trainer }) => {
            await train(1);
            return trainer.predict(rows);
          });
        const order = ['task1', 'task2', 'task3'];
        const [here, there] = [await predicted(order), await predicted([...order].reverse())];
        for (const task of order) {
          const what = () => `A prediction of \`${task}\` with tasks in another order`;
          requireClose(there[task] as number[], here[task] as number[], 1e-3, what);
        }
      },
    });
  }
  return checks;
}

function bound(subject: Subject, look: (model: BoundSharing, trial: Trial) => void): Promise<void> {
  return inTrial(subject, {}, async (trial) => {
    tf.tidy(() => look(trial.bound() as BoundSharing, trial));
  });
}

function requireUse(model: BoundSharing, inputs: InputSpecs, { tasks: names, trainer }: Trial): void {
  const trainable = (trainer.parameters?.layout.segments ?? []).filter(({ group }) => group !== 'balancing');
  const variables = trainable.map(({ variable }) => variable);
  const reached = new Map(trainable.map(({ path }) => [path, [] as string[]]));
  const sizes = new Map(trainable.map(({ path }) => [path, [] as string[]]));
  for (const name of names) {
    const { gradients } = gradientWith(() => {
      const { outputs } = model.forward(tensorsOf(inputs, 7), stepOf(true), feedsOf(model));
      const losses = Object.values(outputs[name] ?? {}).map((output) => tf.sum(tf.square(output)));
      return { loss: tf.addN(losses) as tf.Scalar, others: {} };
    }, variables);
    trainable.forEach(({ path }, i) => {
      const gradient = gradients[i];
      if (gradient !== undefined) reached.get(path)?.push(name);
      if (gradient?.dataSync().some((value) => value !== 0)) sizes.get(path)?.push(name);
    });
  }
  for (const { path, usedBy } of trainable) {
    // No task's: variables of a term of the strategy's own.
    if (usedBy.length === 0) continue;
    const beyond = sizes.get(path)?.find((name) => !usedBy.includes(name));
    requireThat(
      beyond === undefined,
      () =>
        `\`${path}\` is declared to be used by ${usedBy.join(', ')}, but has a gradient of \`${beyond}\` too. Widen \`usedBy\`.`,
    );
    const missing = usedBy.find((name) => !reached.get(path)?.includes(name));
    requireThat(
      missing === undefined,
      () =>
        `\`${path}\` is declared to be used by \`${missing}\`, but that task has no gradient there. Narrow \`usedBy\`.`,
    );
  }
}

/** Each rotation reaches its own task and no other; it is the identity at first. */
function requireRotations(model: BoundSharing, inputs: InputSpecs, names: readonly string[]): void {
  if (model.rotations === undefined) return;
  const { matrices, turned } = model.rotations;
  const outputsOf = () => {
    const { outputs } = model.forward(tensorsOf(inputs, 7), stepOf(false), feedsOf(model));
    return names.map((name) => Object.values(outputs[name] ?? {}).flatMap((output) => Array.from(output.dataSync())));
  };
  const start = outputsOf();
  for (const name of names) {
    const matrix = matrices[name] as tf.Variable;
    const identity = tf.eye(turned);
    requireClose(matrix.dataSync(), identity.dataSync(), 0, () => `The rotation of \`${name}\` at first`);
    matrix.assign(tf.reverse(identity, 0));
    const found = outputsOf();
    matrix.assign(identity);
    const reached = names.filter((_, j) => found[j]?.some((value, i) => value !== start[j]?.[i]));
    requireThat(
      reached.join() === name,
      () =>
        `The rotation of \`${name}\` must reach what its head sees and nothing else, but it reaches ` +
        `${reached.join(', ') || 'no task'}. Put it between the shared representation and the head.`,
    );
  }
}

function stepOf(training: boolean): StepContext {
  return {
    training,
    uniform(path, shape) {
      const size = sizeOf(shape);
      return tf.tensor(uniformFloats(size, 'trial', 'step', path), [...shape]);
    },
  };
}

function feedsOf(model: BoundSharing): Record<string, tf.Tensor> {
  const feeds = Object.entries(model.feeds?.(firstStep) ?? {});
  return Object.fromEntries(feeds.map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
}

function hostInputs(inputs: InputSpecs, rows: number): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, inputRows(spec, rows, 'predicted')]));
}

function rowOf(inputs: Record<string, HostTensor>, row: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(
      ([
        name,
        {
          data,
          shape: [rows = 1, ...shape],
        },
      ]) => {
        const width = data.length / rows;
        return [name, { data: data.slice(row * width, (row + 1) * width), shape: [1, ...shape] }];
      },
    ),
  );
}

function tensorsOf(inputs: InputSpecs, rows: number): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(hostInputs(inputs, rows)).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
    ]),
  );
}

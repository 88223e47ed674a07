import {
  type AnyTask,
  type AuxiliaryObjective,
  createTrainer,
  defineSharing,
  onesInitializer,
  type StepEvent,
  sgd,
  type TableColumn,
  tableDataset,
} from '@polytask/core';
import { strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';

/** A model whose heads say what the inputs of their tasks' names say, times a variable that is 1. */
const recited = defineSharing({
  name: 'recited',
  bind({ tasks, scope }) {
    const factors = Object.fromEntries(
      tasks.map(({ name }) => [name, scope.child(name, { usedBy: [name] }).variable('factor', [], onesInitializer)]),
    );
    return {
      forward(inputs) {
        const said = Object.fromEntries(
          tasks.map(({ name }) => [name, tf.mul(inputs[name] as tf.Tensor, factors[name] as tf.Tensor)]),
        );
        const outputs = tasks.map(({ name, outputs: declared }) => {
          const [output = ''] = Object.keys(declared);
          return [name, { [output]: said[name] as tf.Tensor }];
        });
        return { outputs: Object.fromEntries(outputs), features: said, intermediates: {} };
      },
    };
  },
});

/** What heads say to predict these probabilities of classes. */
export const logits = (...chances: number[]) => chances.map((one) => Math.log(one));
/** The same for the probability of a yes. */
export const logit = (chance: number) => [Math.log(chance / (1 - chance))];

/** Rows of what heads say, and labels; a row without a label has NaN or −1. */
export interface Recital {
  readonly tasks: readonly AnyTask[];
  readonly said: { readonly [task: string]: readonly (readonly number[])[] };
  readonly labels?: { readonly [task: string]: TableColumn } | undefined;
}

/** Takes a few steps, and gives what happened in them and what is found of every row before. */
export async function recite(
  { tasks, said, labels }: Recital,
  auxiliary: AuxiliaryObjective[],
  steps = 1,
  learningRate = 1e-30,
) {
  const inputs = Object.fromEntries(
    Object.entries(said).map(([name, rows]) => {
      const shape = [rows.length, rows[0]?.length ?? 0];
      return [name, { data: Float32Array.from(rows.flat()), shape }];
    }),
  );
  const rows = Object.values(said)[0]?.length ?? 0;
  const columns = Object.fromEntries(
    tasks.map(({ name, target }) => [name, labels?.[name] ?? zeros(rows, target)] as const),
  );
  const data = tableDataset({ inputs, columns });
  const events: StepEvent[] = [];
  const trainer = await createTrainer({
    tasks,
    sharing: recited,
    auxiliary,
    optimizer: sgd({ learningRate }),
    executor: strict(),
  });
  try {
    const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
    await trainer.fit(data, { epochs: steps, batchSize: rows, shuffle: false, callbacks });
    const { intermediates } = await trainer.inspect(inputs);
    const values: Record<string, number> = {};
    for (const { path } of trainer.parameters?.layout.segments ?? []) {
      values[path] = (await trainer.parameters?.read(path))?.data[0] ?? Number.NaN;
    }
    const inspected = Object.fromEntries(
      Object.entries(intermediates).map(([name, { data: found }]) => [name, [...found]]),
    );
    return { events, inspected, values, logged: trainer.history?.logged ?? {} };
  } finally {
    trainer.dispose();
  }
}

function zeros(rows: number, { dtype, shape }: AnyTask['target']): TableColumn {
  const size = shape.reduce((product, length) => product * length, rows);
  return { data: dtype === 'int32' ? new Int32Array(size) : new Float32Array(size), shape: [rows, ...shape] };
}

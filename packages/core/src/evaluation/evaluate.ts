import type { MultiTaskDataset } from '../contracts/dataset.js';
import type { Metric } from '../contracts/metric.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import type { TaskRelation } from '../contracts/task-relation.js';
import type { HostTensor } from '../contracts/tensors.js';
import { labelBatch } from '../data/label-batch.js';
import { classIds } from '../data/read-targets.js';
import { DatasetError } from '../errors/dataset-error.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import { NonFiniteError } from '../errors/non-finite-error.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { batchFeeds, prefixed } from '../training/batch-feeds.js';
import type { Runtime } from '../training/runtime.js';

/** What one task scored; values of metrics have the metric's type. */
export type TaskScores<Task extends AnyTask = AnyTask> = {
  /** Mean loss over labelled rows, sample weights applied, class weights not. */
  readonly loss: number;
  /** Rows that had a label. */
  readonly rows: number;
} & {
  readonly [M in Task['metrics'][number] as M['name']]: M extends Metric<string, infer Value> ? Value : never;
};

/** What all tasks scored. */
export interface Scores<Tasks extends readonly AnyTask[] = readonly AnyTask[]> {
  readonly tasks: { readonly [T in Tasks[number] as T['name']]: TaskScores<T> };
}

/** Runs the model over a data set in inference mode and measures every task. */
export async function evaluateDataset(
  runtime: Runtime,
  constants: { readonly [task: string]: TaskConstants },
  dataset: MultiTaskDataset,
  batchSize: number,
): Promise<Scores> {
  const { tasks } = runtime.model;
  // Class weights shape training, not the measurement.
  const measured = tasks.map(({ rowWeight: _, ...task }) => task as AnyTask);
  const running = tasks.map((task) => task.metrics.map((metric) => metric.start()));
  const totals = tasks.map(() => ({ loss: 0, weight: 0, rows: 0 }));
  const shared = runtime.inferenceFeeds();
  const cursor = dataset.open({ batchSize, reuse: true });
  cursor.seek(0, 0);
  for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
    const batch = labelBatch(raw, measured, constants, undefined, dataset.sources);
    const outputs = Object.fromEntries(
      tasks.flatMap(({ name }) => [
        [`prediction/${name}`, 'read' as const],
        [`loss/${name}`, 'read' as const],
      ]),
    );
    const { host } = await runtime.session.run(runtime.programs.predict(true), {
      parameters: runtime.parameters,
      keepState: false,
      feeds: { ...batchFeeds(tasks, batch, false), ...shared },
      outputs,
    });
    tasks.forEach((task, k) => {
      const weights = batch.weights[task.name] as Float32Array;
      const losses = (host[`loss/${task.name}`] as HostTensor).data;
      const total = totals[k] as { loss: number; weight: number; rows: number };
      weights.forEach((weight, row) => {
        if (weight <= 0) return;
        total.loss += weight * (losses[row] as number);
        total.weight += weight;
        total.rows += 1;
      });
      if (!Number.isFinite(total.loss))
        throw new NonFiniteError('The evaluation loss', total.loss, task.name, runtimeSteps(runtime));
      const rows = {
        predictions: host[`prediction/${task.name}`] as HostTensor,
        // A measurement compares with one class, whatever the loss is taken over.
        targets: classIds(task, batch.targets[task.name] as HostTensor),
        weights,
      };
      for (const metric of running[k] ?? []) metric.update(rows);
    });
  }
  return {
    tasks: Object.fromEntries(
      tasks.map((task, k) => {
        const { loss, weight, rows } = totals[k] as { loss: number; weight: number; rows: number };
        const values = task.metrics.map(({ name }, m) => [name, running[k]?.[m]?.result()]);
        return [task.name, { loss: weight > 0 ? loss / weight : Number.NaN, rows, ...Object.fromEntries(values) }];
      }),
    ) as Scores['tasks'],
  };
}

/** Updates so far of the most often moved range: good enough to say when. */
function runtimeSteps(runtime: Runtime): number {
  return Math.max(0, ...runtime.counts);
}

/** What a task's `decode` makes of a row. */
export type PredictionOf<Task extends AnyTask> = Task extends { decode(predictions: HostTensor): readonly (infer P)[] }
  ? P
  : never;

/** Predictions of every task for every row, in the user's terms. */
export type Predictions<Tasks extends readonly AnyTask[]> = {
  readonly [T in Tasks[number] as T['name']]: readonly PredictionOf<T>[];
};

/** Runs the model in inference mode on inputs as they are. */
export async function predictInputs(
  runtime: Runtime,
  inputs: { readonly [input: string]: HostTensor },
): Promise<Record<string, HostTensor>> {
  const { tasks } = runtime.model;
  checkInputs(runtime, inputs);
  const { host } = await runtime.session.run(runtime.programs.predict(false), {
    parameters: runtime.parameters,
    keepState: false,
    feeds: inferenceFeeds(runtime, inputs),
    outputs: Object.fromEntries(tasks.map(({ name }) => [`prediction/${name}`, 'read' as const])),
  });
  return Object.fromEntries(tasks.map(({ name }) => [name, host[`prediction/${name}`] as HostTensor]));
}

/** What a forward pass in inference mode gives besides predictions, on the host. */
export interface Inspection {
  /** By task, the outputs of its head by name. */
  readonly outputs: { readonly [task: string]: { readonly [output: string]: HostTensor } };
  /** By task, what its head saw. */
  readonly features: { readonly [task: string]: HostTensor };
  /** The representation that all tasks share, where there is one. */
  readonly shared: HostTensor | undefined;
  /** What the sharing strategy names: gates, attention maps, features of columns. */
  readonly intermediates: { readonly [name: string]: HostTensor };
  /** Which of these say how the tasks are related. */
  readonly relations: readonly TaskRelation[];
}

/** Runs the model in inference mode, and reads what is named of the forward pass; losses are not among it. */
export async function forwardInputs(
  runtime: Runtime,
  inputs: { readonly [input: string]: HostTensor },
  names: readonly string[],
): Promise<{ readonly [name: string]: HostTensor }> {
  checkInputs(runtime, inputs);
  const { host } = await runtime.session.run(runtime.programs.forward(names, false), {
    parameters: runtime.parameters,
    keepState: false,
    feeds: inferenceFeeds(runtime, inputs),
    outputs: Object.fromEntries(names.map((name) => [name, 'read' as const])),
  });
  return host;
}

/** Runs the model in inference mode, and reads everything that the forward pass gives. */
export async function inspectInputs(
  runtime: Runtime,
  inputs: { readonly [input: string]: HostTensor },
): Promise<Inspection> {
  const { tasks, outputs, sharing } = runtime.model;
  const host = await forwardInputs(runtime, inputs, outputs);
  const under = (prefix: string) =>
    Object.fromEntries(
      Object.entries(host).flatMap(([name, tensor]) =>
        name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), tensor]] : [],
      ),
    ) as Record<string, HostTensor>;
  return {
    outputs: Object.fromEntries(tasks.map(({ name }) => [name, under(`output/${name}`)])),
    features: under('features'),
    shared: host.shared,
    intermediates: under('intermediate'),
    relations: sharing.relations ?? [],
  };
}

function inferenceFeeds(
  runtime: Runtime,
  inputs: { readonly [input: string]: HostTensor },
): Record<string, HostTensor> {
  const known = Object.keys(runtime.model.inputs).map((name) => [name, inputs[name] as HostTensor] as const);
  return { ...prefixed('input', Object.fromEntries(known)), ...runtime.inferenceFeeds() };
}

function checkInputs(runtime: Runtime, inputs: { readonly [input: string]: HostTensor }): void {
  for (const [name, spec] of Object.entries(runtime.model.inputs)) {
    const given = inputs[name];
    const wanted = `[rows${spec.shape.map((n) => `, ${n}`).join('')}] of ${spec.dtype}`;
    if (given === undefined) {
      throw new PolytaskError(
        'POLYTASK_MISSING_INPUT',
        `The model needs input \`${name}\` of shape ${wanted}; it was not given.`,
      );
    }
    const { data, shape } = (given ?? {}) as Partial<HostTensor>;
    if (!Array.isArray(shape) || !(data instanceof Float32Array || data instanceof Int32Array)) {
      const required = `{ data, shape }, with a Float32Array or Int32Array of shape ${wanted}`;
      throw new InvalidOptionError(`inputs.${name}`, required, Array.isArray(data) ? 'a list' : typeof given);
    }
    const wrong = data.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      const row = Math.floor(wrong / spec.shape.reduce((size, n) => size * n, 1));
      throw new DatasetError(
        `Input \`${name}\` must be finite, but row ${row} has ${data[wrong]}. Fill in what is missing, or leave the row out.`,
      );
    }
    const fits = given.shape.length === spec.shape.length + 1 && spec.shape.every((n, i) => n === given.shape[i + 1]);
    const dtype = given.data instanceof Int32Array ? 'int32' : 'float32';
    if (!fits || dtype !== spec.dtype) {
      throw new PolytaskError(
        'POLYTASK_SHAPE_MISMATCH',
        `Input \`${name}\` must have shape ${wanted}, but has shape [${given.shape.join(', ')}] of ${dtype}.`,
      );
    }
  }
}

import {
  activate,
  adaptersOption,
  type BuildScope,
  buildDense,
  buildEncoder,
  buildHeads,
  buildTaskInputs,
  byTask,
  choice,
  describePart,
  glorotUniform,
  headOption,
  list,
  type OptionsOf,
  optional,
  part,
  required,
  type StepContext,
  taskName,
  taskRelation,
  UnknownNameError,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { shareReport } from './share-report.js';
import { branchOption, buildTaskNodes } from './task-nodes.js';

const options = {
  encoder: required(part('encoder'), 'The trunk, shared by all tasks.'),
  branch: branchOption,
  layers: withDefault(whole({ from: 1 }), 1, 'How many times tasks hear from their neighbours.'),
  by: withDefault(
    choice('row', 'task'),
    'row',
    "Whether edges depend on the nodes' features, row by row, or are weights of the tasks.",
  ),
  neighbours: optional(
    byTask(list(taskName()), 'neighbours'),
    'Whom a task hears, besides itself: names of tasks by task name; tasks not named hear all.',
    'all',
  ),
  head: headOption,
  adapters: adaptersOption,
};

/** Options of {@link taskGraph}. */
export type TaskGraphOptions = OptionsOf<typeof options>;

/**
 * Tasks as nodes of a graph: every task has features of its own, and graph attention learns how much each hears of
 * which.
 *
 * $$ h_t' = h_t + \text{elu}\Big(\sum_{s \in N_t} A_{ts}\, h_s W\Big), \qquad
 * A_{ts} = \underset{s \in N_t}{\text{softmax}}\ \text{leakyRelu}\big(h_t W a + h_s W a'\big) \quad \text{or} \quad
 * \underset{s \in N_t}{\text{softmax}}\ e_{ts} $$
 *
 * where
 * - h_t are what task t's branch (`branches/<task>/...`) makes of the trunk's features (`trunk/...`); of maps, every
 *   position has nodes of its own;
 * - N_t are task t and its neighbours; A is the adjacency, whose rows sum to 1;
 * - W `[n, n]` (`graph/layer<l>/message/...`), a and a' (`.../listener/...`, `.../speaker/...`) are used by all tasks;
 *   with `by: 'task'` there are e_t `[K]` (`.../edges/<task>`), at first 0, in the place of a and a'.
 *
 * The adjacency says which tasks are related. `trainer.inspect` gives that of the last layer as
 * `intermediates['adjacency/<task>']`, `[rows, ..., K]` in task order; the history has its means by epoch,
 * `task-graph/adjacency/<task>/<other>`, and their entropy.
 *
 * Shapes: inputs `[rows, ...]` → features `[rows, ..., n]` → nodes, the same by task → outputs as each task declares
 * them.
 *
 * @remarks One attention, where the paper has up to eight side by side. The sum with h_t is ours: with it a task whose
 * neighbours say nothing is where hard sharing would be. A node counts as used by the tasks that it reaches within
 * `layers` steps.
 * @throws `POLYTASK_TASK_INPUTS` where tasks read inputs of different shapes; `POLYTASK_SHAPE_MISMATCH` where they read
 * different rows; `POLYTASK_UNKNOWN_NAME` for neighbours that are no tasks.
 * @example
 * ```ts
 * import { mlp } from '@polytask/core';
 * import { taskGraph } from '@polytask/attention';
 *
 * taskGraph({ encoder: mlp([64]), neighbours: { price: ['size'] } }).name; // => 'task-graph'
 * ```
 */
export const taskGraph = /* @__PURE__ */ describePart('sharing', {
  name: 'task-graph',
  summary: 'Tasks are nodes of a graph, whose attention learns how much each hears of which.',
  cites: [
    {
      authors: 'P. Veličković, G. Cucurull, A. Casanova, A. Romero, P. Liò and Y. Bengio',
      title: 'Graph attention networks',
      venue: 'ICLR',
      year: 2018,
      url: 'https://arxiv.org/abs/1710.10903',
      note: 'The layer, equations 1 to 4; its nodes are tasks here.',
    },
  ],
  options,
  make: ({ encoder, branch, layers, by, neighbours = {}, head, adapters }) => ({
    bind({ tasks, inputs, scope }) {
      const names = tasks.map(({ name }) => name);
      const hears = hearing(names, neighbours);
      const { specs, applyShared } = buildTaskInputs(scope, tasks, inputs, adapters);
      const trunk = buildEncoder(encoder, scope.child('trunk'), specs);
      const nodes = buildTaskNodes(scope, names, trunk.output, branch, (task) => reach(hears, [task], layers));
      const graph = Array.from({ length: layers }, (_, index) => {
        const place = scope.child('graph').child(`layer${index}`);
        const after = (task: string) => reach(hears, [task], layers - 1 - index);
        return buildGraphLayer(place, nodes.width, hears, by, after);
      });
      const reports = names.map((name) => shareReport(`adjacency/${name}`, names));
      const heads = buildHeads(scope, tasks, nodes.output, head);
      return {
        relations: [taskRelation('adjacency', 'tasks', names)],
        logged: reports.flatMap((report) => report.names),
        forward(x, step) {
          const { features, shared } = applyShared(x, step, trunk.apply);
          let current = nodes.apply(features, step);
          let adjacency = current;
          for (const layer of graph) ({ nodes: current, adjacency } = layer(current, step));
          const intermediates: Record<string, tf.Tensor> = {};
          for (const [k, [name, row]] of Object.entries(nodes.split(adjacency)).entries()) {
            intermediates[`adjacency/${name}`] = row;
            if (step.training) Object.assign(intermediates, reports[k]?.of(tf.reshape(row, [-1, names.length])));
          }
          return heads.apply(nodes.split(current), step, { shared, intermediates });
        },
      };
    },
  }),
});

/** By task the tasks that it hears, itself among them. */
type Hearing = ReadonlyMap<string, readonly string[]>;

function hearing(tasks: readonly string[], neighbours: { readonly [task: string]: readonly string[] }): Hearing {
  for (const name of Object.entries(neighbours).flatMap(([task, others]) => [task, ...others])) {
    if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'neighbours');
  }
  return new Map(tasks.map((task) => [task, neighbours[task] === undefined ? tasks : [task, ...neighbours[task]]]));
}

/** The tasks that hear of these within a number of steps. */
function reach(hears: Hearing, from: readonly string[], steps: number): readonly string[] {
  if (steps === 0) return from;
  const next = [...hears].filter(([, heard]) => heard.some((task) => from.includes(task))).map(([task]) => task);
  return next.length === from.length ? next : reach(hears, next, steps - 1);
}

type GraphLayer = (nodes: tf.Tensor, step: StepContext) => { readonly nodes: tf.Tensor; readonly adjacency: tf.Tensor };

/** `after`: the tasks that what a task hears in this layer reaches in the end. */
function buildGraphLayer(
  place: BuildScope,
  width: number,
  hears: Hearing,
  by: 'row' | 'task',
  after: (task: string) => readonly string[],
): GraphLayer {
  const tasks = [...hears.keys()];
  const spec = { shape: [tasks.length, width], dtype: 'float32' } as const;
  const dense = (name: string, units: number) =>
    buildDense(place.child(name), spec, units, { bias: false, kernel: glorotUniform });
  const message = dense('message', width);
  const scores = by === 'row' ? byFeatures(dense) : byTasks(place, tasks, after);
  const deaf = tasks.map((task) => tasks.map((other) => (hears.get(task)?.includes(other) ? 0 : -1e9)));
  return (nodes, step) => {
    const messages = message.apply(nodes, step);
    const heard = deaf.flat().some((value) => value < 0)
      ? tf.add(scores(messages, step), tf.tensor2d(deaf))
      : scores(messages, step);
    const adjacency = tf.softmax(heard);
    return { adjacency, nodes: tf.add(nodes, tf.elu(tf.matMul(adjacency, messages))) };
  };
}

/** Messages `[rows, K, n]` to what is there before the softmax, `[rows, K, K]`. */
type Scores = (messages: tf.Tensor, step: StepContext) => tf.Tensor;

function byFeatures(dense: (name: string, units: number) => ReturnType<typeof buildDense>): Scores {
  const [listener, speaker] = [dense('listener', 1), dense('speaker', 1)];
  return (messages, step) => {
    const said = tf.transpose(speaker.apply(messages, step), [0, 2, 1]);
    return activate(tf.add(listener.apply(messages, step), said), 'leakyRelu');
  };
}

function byTasks(place: BuildScope, tasks: readonly string[], after: (task: string) => readonly string[]): Scores {
  const edges = tasks.map((task) =>
    place.child('edges', { usedBy: after(task) }).variable(task, [tasks.length], zerosInitializer),
  );
  return (messages) => {
    const rows = tf.ones([messages.shape[0] as number, 1, 1]);
    return tf.mul(rows, tf.stack(edges));
  };
}

import {
  adaptersOption,
  type BoundSharing,
  type BuildScope,
  type BuiltStages,
  buildEncoder,
  buildHeads,
  buildTaskInputs,
  byTask,
  type Encoder,
  either,
  type HeadOption,
  headOption,
  type InputSpec,
  type InputSpecs,
  InvalidOptionError,
  type NamedTensors,
  PolytaskError,
  type SharingContext,
  type StepContext,
  type TaskRelation,
  taskRelation,
  UnknownNameError,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { type BuiltGate, buildGate, gateOption } from './gate.js';
import { mixExperts } from './mix-experts.js';
import { type ShareReport, shareReport } from './share-report.js';

const count = whole({ from: 0 });

/** Options of strategies with experts for all tasks and experts of one task. */
export const extractionOptions = {
  sharedExperts: withDefault(count, 1, 'Number of experts that all tasks use.', 'DeepCTR-Torch'),
  taskExperts: withDefault(
    either([count, byTask(count, 'numbers')], 'a whole number from 0, or numbers by task name'),
    1,
    "Number of every task's own experts, or numbers by task name (1 for tasks not named).",
    'DeepCTR-Torch',
  ),
  gate: gateOption,
  head: headOption,
  adapters: adaptersOption,
};

/** The same, filled in. */
export interface ExtractionOptions {
  readonly sharedExperts: number;
  readonly taskExperts: number | { readonly [task: string]: number };
  readonly gate: Encoder | undefined;
  readonly head: HeadOption | undefined;
  readonly adapters: { readonly [task: string]: Encoder } | undefined;
}

/** The path of what all tasks share, beside those of tasks: no task can be called that. */
const shared = '';

/** One set of rows on its way up: what the tasks that read it have, and what is shared of it. */
type Flow = { readonly [task: string]: NamedTensors };

interface Level {
  readonly output: InputSpec;
  readonly reports: readonly ShareReport[];
  readonly relation: TaskRelation;
  /** `found` collects intermediates. */
  apply(flow: Flow, step: StepContext, found: Record<string, tf.Tensor>): Flow;
}

/**
 * Levels of experts, one after the other; each is an encoder of which every expert is a copy. Shared experts read what
 * the shared path has, a task's own what the task has; a task's gate weighs both. All levels but the last have a gate
 * of the shared path too, over all experts.
 */
export function bindExtraction(
  context: SharingContext,
  levels: readonly Encoder[],
  options: ExtractionOptions,
): BoundSharing {
  const { tasks, inputs, scope } = context;
  const names = tasks.map(({ name }) => name);
  const own = ownExperts(names, options);
  const { specs, sources } = buildTaskInputs(scope, tasks, inputs, options.adapters);
  if (levels.length > 1 && sources.length > 1) {
    throw new PolytaskError(
      'POLYTASK_TASK_INPUTS',
      'Several levels of experts need tasks that read the same inputs, since their shared path takes of the experts of all tasks, ' +
        'but tasks read inputs of their own. Give every task all inputs and fuse them, or use one level.',
      { option: 'levels' },
    );
  }
  const built: Level[] = [];
  let read: InputSpecs = specs;
  for (const [index, encoder] of levels.entries()) {
    const place = levels.length === 1 ? scope : scope.child(`level${index}`);
    const gate = index === 0 ? options.gate : undefined;
    const level = { encoder, gate, read, tasks: names, shared: options.sharedExperts, own };
    const below = levels.length - 1 - index;
    const title = levels.length === 1 ? 'gates' : `level${index}/gates`;
    built.push(buildLevel(place, title, level, below));
    read = { features: (built.at(-1) as Level).output };
  }
  const heads = buildHeads(scope, tasks, (built.at(-1) as Level).output, options.head);
  return {
    logged: built.flatMap(({ reports }) => reports.flatMap((report) => report.names)),
    relations: built.map(({ relation }) => relation),
    forward(x, step) {
      const features: Record<string, tf.Tensor> = {};
      const intermediates: Record<string, tf.Tensor> = {};
      for (const source of sources) {
        const given = source.select(x, step);
        let flow: Flow = Object.fromEntries([shared, ...source.tasks].map((name) => [name, given]));
        for (const level of built) flow = level.apply(flow, step, intermediates);
        for (const task of source.tasks) features[task] = flow[task]?.features as tf.Tensor;
      }
      return heads.apply(features, step, { intermediates });
    },
  };
}

/** How many experts each task has to itself. */
function ownExperts(tasks: readonly string[], { sharedExperts, taskExperts }: ExtractionOptions): Map<string, number> {
  if (typeof taskExperts !== 'number') {
    for (const name of Object.keys(taskExperts)) {
      if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'taskExperts');
    }
  }
  const numbers = tasks.map(
    (task) => [task, typeof taskExperts === 'number' ? taskExperts : (taskExperts[task] ?? 1)] as const,
  );
  const without = numbers.find(([, number]) => number + sharedExperts === 0);
  if (without !== undefined) {
    const advice = `Task \`${without[0]}\` would have none.`;
    throw new InvalidOptionError('taskExperts', 'at least 1 where `sharedExperts` is 0', taskExperts, advice);
  }
  return new Map(numbers);
}

interface LevelOptions {
  readonly encoder: Encoder;
  readonly gate: Encoder | undefined;
  readonly read: InputSpecs;
  readonly tasks: readonly string[];
  readonly shared: number;
  readonly own: ReadonlyMap<string, number>;
}

/** `below`: how many levels follow. What a task has in a level reaches the others by the shared gate of that level or of the next. */
function buildLevel(place: BuildScope, title: string, options: LevelOptions, below: number): Level {
  const { encoder, read, tasks, own } = options;
  const crosses = options.shared > 0;
  const reach = (task: string, from: number) =>
    crosses && below >= from && (own.get(task) as number) > 0 ? [...tasks] : [task];
  const copies = (scope: BuildScope, number: number) =>
    Array.from({ length: number }, (_, k) => buildEncoder(encoder, scope.child(`expert${k}`), read));
  const experts = new Map<string, readonly BuiltStages[]>([[shared, copies(place.child('shared'), options.shared)]]);
  for (const task of tasks) {
    const scope = place.child('own').child(task, { usedBy: reach(task, 1) });
    experts.set(task, copies(scope, own.get(task) as number));
  }
  const places = (task: string) => (experts.get(task) as readonly BuiltStages[]).map((_, k) => `own${k}`);
  const common = (experts.get(shared) as readonly BuiltStages[]).map((_, k) => `shared${k}`);
  const gates = new Map<string, { gate: BuiltGate; report: ShareReport; of: readonly string[] }>();
  for (const task of tasks) {
    const names = [...common, ...places(task)];
    const scope = place.child('gates').child(task, { usedBy: reach(task, 2) });
    const gate = buildGate(scope, read, names.length, options.gate);
    gates.set(task, { gate, report: shareReport(`${title}/${task}`, names), of: [shared, task] });
  }
  if (crosses && below > 0) {
    const names = [...common, ...tasks.flatMap((task) => places(task).map((name) => `${task}/${name}`))];
    const gate = buildGate(place.child('sharedGate'), read, names.length, options.gate);
    const report = shareReport(title.replace(/gates$/, 'sharedGate'), names);
    gates.set(shared, { gate, report, of: [shared, ...tasks] });
  }
  const output = [...experts.values()].flat()[0]?.output as InputSpec;
  // Experts of a task's own are nobody else's.
  const placesOf = (task: string) => [...common, ...places(task).map((name) => `${task}/${name}`)];
  const everyPlace = Object.fromEntries(tasks.map((task) => [task, placesOf(task)]));
  return {
    output,
    relation: taskRelation(title, 'places', tasks, everyPlace),
    reports: [...gates.values()].map(({ report }) => report),
    apply(flow, step, found) {
      const given = new Map(
        Object.entries(flow).map(([name, tensors]) => [
          name,
          (experts.get(name) as readonly BuiltStages[]).map((expert) => expert.apply(tensors, step)),
        ]),
      );
      const next: Record<string, NamedTensors> = {};
      for (const [name, tensors] of Object.entries(flow)) {
        const gate = gates.get(name);
        if (gate === undefined) continue;
        const shares = tf.softmax(gate.gate.apply(tensors, step));
        const stacked = tf.stack(
          gate.of.flatMap((group) => given.get(group) as tf.Tensor[]),
          1,
        );
        next[name] = { features: mixExperts(stacked, shares) };
        found[name === shared ? title.replace(/gates$/, 'sharedGate') : `${title}/${name}`] = shares;
        if (step.training) Object.assign(found, gate.report.of(shares));
      }
      // Without shared experts nothing reads the shared path.
      return crosses || below === 0 ? next : { [shared]: {}, ...next };
    },
  };
}

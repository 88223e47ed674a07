import {
  type AnyTask,
  activate,
  type BuildScope,
  type BuiltLayer,
  buildDense,
  describePart,
  list,
  number,
  type OptionsOf,
  onesInitializer,
  optional,
  stopGradient,
  type TaskConstants,
  taskName,
  tuple,
  whole,
  withDefault,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { answerKind, labelsLike, meanWhere, requireAnswer, standardized, unlabelled } from './answers.js';
import { namedTasks } from './named-tasks.js';

const options = {
  pairs: optional(
    list(tuple([taskName(), taskName()], 'two names of tasks'), { least: 1 }),
    'Which tasks are tied to one another, two by two.',
    'all that predict classes, a yes or no, or numbers',
  ),
  units: withDefault(whole({ from: 1 }), 16, 'Width of the mapping into the space in which two tasks are compared.'),
  learningRate: optional(
    number({ above: 0 }),
    'Of the numbers that tell pairs apart.',
    'that of the run',
    'the paper has 0.001',
  ),
};

/** Options of {@link partialLabels} besides those of all auxiliary terms. */
export type PartialLabelsOptions = OptionsOf<typeof options>;

/**
 * Cross-task consistency under partial labels (MTPSL): where a row has a label of one task and none of another, the other's prediction and
 * the one's label have to agree in a space that both are mapped into.
 *
 * $$ \ell_{s \leftarrow t} = 1 - \cos\big(m(\hat y_s), m(y_t)\big) + \tfrac12 \Big[ 1 - \cos\big(m(\hat y_s), \bar f\big) + 1 -
 * \cos\big(m(y_t), \bar f\big) \Big] $$
 *
 * $$ m(y_s) = W \operatorname{relu}\big(\gamma_{st} \odot (V_s y_s) + \beta_{st}\big) $$
 *
 * where
 * - task s has no label of the row and t has one; the term is the mean over these rows, summed over ordered pairs;
 * - ŷ_s is what task s predicts and y_t the label, classes as distributions, numbers over the deviation of their labels;
 * - f are the shared features, or those of the head of task s, as constants: they keep m from mapping everything to one point;
 * - V_s (`<task>/enter`) is the task's own, W (`leave`) is common to all, γ and β (`<pair>/<task>`) tell pairs apart, 1 and 0 at first.
 *
 * Vectors and maps alike: where predictions are maps `[height, width, ...]`, m is the same at every position, is brought to the size of the
 * features, and the cosine is taken by position. 0 where no row of the batch has the one label and not the other.
 *
 * @remarks The paper is about images that have a label of some tasks and none of others. So rows with labels of all tasks add nothing, as
 * there they learn from these, and rows without any have no label that a prediction could agree with; for them there are constraints
 * and views. The paper's mapping is a network of convolutions, and its weight is 2, `weight`; here it is one of two layers by position.
 * Gradients flow into the predictions and the mapping, never into labels or f.
 * @throws `POLYTASK_OTHER_ANSWERS` for named tasks that predict something else; `POLYTASK_UNKNOWN_NAME` for tasks that there are not.
 * @example
 * ```ts
 * import { partialLabels } from '@polytask/complementarity';
 *
 * const term = partialLabels({ pairs: [['depth', 'segments']], weight: 2 });
 * console.log(term.name); // => partial-labels
 * ```
 */
export const partialLabels = /* @__PURE__ */ describePart('auxiliary', {
  name: 'partial-labels',
  summary:
    "Where a row has one task's label and not another's, prediction and label agree in a space that both are mapped into.",
  cites: [
    {
      authors: 'W.-H. Li, X. Liu and H. Bilen',
      title: 'Learning multiple dense prediction tasks from partially annotated data',
      venue: 'CVPR',
      year: 2022,
      url: 'https://arxiv.org/abs/2111.14893',
    },
  ],
  options,
  make: ({ pairs: named, units, learningRate }) => ({
    bind({ tasks, scope, shared, features }) {
      const pairs = pairsOf(tasks, named);
      const tied = tasks.filter((task) => pairs.some((pair) => pair.includes(task)));
      const space = (name: string) => (shared ?? (features[name] as readonly number[])).at(-1) as number;
      const width = tied.length === 0 ? 1 : space((tied[0] as AnyTask).name);
      const leave = buildDense(scope.child('leave'), { shape: [units], dtype: 'float32' }, width, { bias: false });
      const enter = new Map(tied.map((task) => [task.name, entrance(scope, task, units)]));
      const modulation = { ...(learningRate !== undefined && { learningRate }) };
      const ordered = pairs.flatMap(([a, b]) => {
        const place = scope.child(`${a.name}-${b.name}`, modulation);
        const tell = ({ name }: AnyTask) => ({
          scale: place.child(name).variable('scale', [units], onesInitializer),
          offset: place.child(name).variable('offset', [units], zerosInitializer),
        });
        const [ofA, ofB] = [tell(a), tell(b)];
        return [
          { without: a, having: b, ofWithout: ofA, ofHaving: ofB },
          { without: b, having: a, ofWithout: ofB, ofHaving: ofA },
        ];
      });
      return {
        // The task whose label is missing learns, by the label of the other.
        actsOn({ weights }) {
          const found = ordered.filter(({ without, having }) =>
            (weights[having.name] ?? []).some((weight, row) => weight > 0 && weights[without.name]?.[row] === 0),
          );
          return found.length === 0 ? undefined : found.map(({ without }) => without.name);
        },
        loss({ state, batch, constants, predict, step }) {
          const map = (task: AnyTask, answer: tf.Tensor, { scale, offset }: (typeof ordered)[number]['ofHaving']) => {
            const { channels, layer } = enter.get(task.name) as Entrance;
            const flat = tf.reshape(answer, [-1, channels]);
            const hidden = activate(tf.add(tf.mul(layer.apply(flat, step), scale), offset), 'relu');
            const mapped = leave.apply(hidden, step);
            return tf.reshape(mapped, [...positionsOf(task, answer), width]);
          };
          const answers = (task: AnyTask, raw: tf.Tensor) =>
            answerKind(task) === 'amounts' ? centred(raw, constants[task.name]) : raw;
          const terms = ordered.map(({ without, having, ofWithout, ofHaving }) => {
            const own = answers(without, predict(without.name));
            const said = predict(having.name);
            const labels = labelsLike(
              `Labels of task \`${having.name}\``,
              batch.targets[having.name] as tf.Tensor,
              said,
            );
            // What is not known of a label is what the task itself says.
            const known = tf.where(tf.isNaN(labels), stopGradient(said), labels);
            const anchor = stopGradient(state.shared ?? (state.features[without.name] as tf.Tensor));
            const size = anchor.shape.slice(1, -1);
            const a = resized(map(without, own, ofWithout), size);
            const b = resized(map(having, answers(having, known), ofHaving), size);
            const distances = tf.add(apart(a, b), tf.div(tf.add(apart(a, anchor), apart(b, anchor)), 2));
            const rows = tf.mul(
              unlabelled(batch.weights[without.name] as tf.Tensor),
              tf.sub(1, unlabelled(batch.weights[having.name] as tf.Tensor)),
            );
            return meanWhere(distances, rows);
          });
          return terms.length === 0 ? tf.scalar(0) : tf.addN(terms);
        },
      };
    },
  }),
});

/** The first layer of the mapping of one task. */
interface Entrance {
  /** How many numbers a task predicts at one position. */
  readonly channels: number;
  readonly layer: BuiltLayer;
}

function entrance(scope: BuildScope, task: AnyTask, units: number): Entrance {
  const channels = channelsOf(task);
  const place = scope.child(task.name).child('enter');
  return { channels, layer: buildDense(place, { shape: [channels], dtype: 'float32' }, units, { bias: false }) };
}

/** Of one position: classes, or numbers; 1 for a yes or no. */
function channelsOf(task: AnyTask): number {
  const [shape = []] = Object.values(task.outputs);
  const last = shape.at(-1) ?? 1;
  return typeof last === 'number' ? last : 1;
}

/** Rows, height, width, ... of an answer: all axes but that of the channels, where it has one. */
function positionsOf(task: AnyTask, answer: tf.Tensor): number[] {
  const channels = channelsOf(task);
  const hasChannels = channels > 1 || (answer.rank > 1 && answer.shape.at(-1) === 1);
  return hasChannels ? answer.shape.slice(0, -1) : answer.shape;
}

/** Numbers less the mean of their labels, over their deviation. */
function centred(numbers: tf.Tensor, constants: TaskConstants | undefined): tf.Tensor {
  const mean = constants?.mean ?? 0;
  return standardized(tf.sub(numbers, typeof mean === 'number' ? mean : tf.tensor1d([...mean])), constants);
}

/** A map of answers in the size of a map of features; what has no positions is the same everywhere. */
function resized(mapped: tf.Tensor, size: readonly number[]): tf.Tensor {
  const own = mapped.shape.slice(1, -1);
  if (own.join() === size.join()) return mapped;
  const [rows, width] = [mapped.shape[0] as number, mapped.shape.at(-1) as number];
  if (own.length === 2 && size.length === 2)
    return tf.image.resizeBilinear(mapped as tf.Tensor4D, size as [number, number]);
  // Of features without positions a map is compared in the mean, and an answer without positions with features in every place.
  const mean = own.length === 0 ? mapped : tf.mean(tf.reshape(mapped, [rows, -1, width]), 1);
  return tf.tile(tf.reshape(mean, [rows, ...size.map(() => 1), width]), [1, ...size, 1]);
}

/** 1 less the cosine by the last axis, in the mean over positions: `[rows]`. */
function apart(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const dot = (x: tf.Tensor, y: tf.Tensor) => tf.sum(tf.mul(x, y), -1);
  const cosine = tf.div(dot(a, b), tf.sqrt(tf.add(tf.mul(dot(a, a), dot(b, b)), 1e-12)));
  const rows = a.shape[0] as number;
  return tf.sub(1, cosine.rank === 1 ? cosine : tf.mean(tf.reshape(cosine, [rows, -1]), 1));
}

function pairsOf(
  tasks: readonly AnyTask[],
  named: readonly (readonly [string, string])[] | undefined,
): (readonly [AnyTask, AnyTask])[] {
  if (named !== undefined) {
    return named.map((names) => {
      const [a, b] = namedTasks(tasks, names) as readonly [AnyTask, AnyTask];
      for (const task of [a, b]) requireAnswer('partial-labels', task);
      return [a, b];
    });
  }
  const able = tasks.filter((task) => answerKind(task) !== undefined);
  return able.flatMap((a, i) => able.slice(i + 1).map((b) => [a, b] as const));
}

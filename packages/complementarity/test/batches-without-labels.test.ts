// What terms say of batches in which labels are missing, and a run on a table of which one row in twenty has a label.
import {
  type AnyTask,
  type AuxiliaryObjective,
  adamW,
  classification,
  createTrainer,
  eager,
  firstStep,
  mlp,
  regression,
  type StepEvent,
  tableDataset,
  uniformFloats,
} from '@polytask/core';
import { plainSharing, strict } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { coTraining } from '../src/co-training.js';
import { consistency } from '../src/constraints/consistency.js';
import { sumTo } from '../src/constraints/sum-to.js';
import { deepCoTraining } from '../src/deep-co-training.js';
import { distill } from '../src/distill.js';
import { featureDistillation } from '../src/feature-distillation.js';
import { mutualLearning } from '../src/mutual-learning.js';
import { partialLabels } from '../src/partial-labels.js';
import { pseudoLabels } from '../src/pseudo-labels.js';
import { anySelected, type RowChoice, selectedRows } from '../src/selected-rows.js';
import { meanTeacher } from '../src/views/mean-teacher.js';
import { piModel } from '../src/views/pi-model.js';
import { linearModel } from './linear.js';
import { expectResumes, untrained } from './runs.js';

beforeAll(() => tf.setBackend('cpu'));

test('rows that count are found on the host as in programs', () => {
  const choices = fc.constantFrom<RowChoice[]>('all', 'labelled', 'lacking-one', 'unlabelled');
  const rows = fc.array(fc.tuple(fc.constantFrom(0, 0.5, 1), fc.constantFrom(0, 2), fc.constantFrom(0, 1)), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(choices, rows, fc.integer({ min: 1, max: 3 }), (choice, table, tasks) => {
      const weights = Array.from({ length: tasks }, (_, k) => table.map((row) => row[k] as number));
      const inProgram = tf.tidy(() => {
        const found = selectedRows(
          choice,
          weights.map((one) => tf.tensor1d(one)),
        );
        return (tf.sum(found).dataSync()[0] as number) > 0;
      });
      expect(anySelected(choice, weights)).toBe(inProgram);
    }),
  );
});

describe('whom a term teaches', async () => {
  const names = ['a', 'b', 'c'];
  const tasks = names.map((name) => regression(name, { standardize: false }));
  const classes = names.map((name) => classification(name, { classes: 2 }));
  const teachers = { a: await untrained(['a']), b: await untrained(['b']) };
  const bind = (term: AuxiliaryObjective, of: readonly AnyTask[] = tasks) => {
    const scope = { child: () => scope, variable: () => tf.variable(tf.scalar(0)) } as never;
    const features = Object.fromEntries(names.map((name) => [name, [4]]));
    return term.bind({
      ...{ tasks: of, inputs: { x: { shape: [4], dtype: 'float32' } }, scope, shared: [4], features },
      ...{ layout: undefined as never, primary: undefined, groups: {}, executor: eager(), uniform: () => () => 0 },
    });
  };
  // Rows: nothing; a alone; a and b.
  const cases = {
    none: { a: [0, 0], b: [0, 0], c: [0, 0] },
    one: { a: [1, 1], b: [0, 0], c: [0, 0] },
    both: { a: [1, 1], b: [1, 1], c: [0, 0] },
  };
  type Expected = { readonly [Case in keyof typeof cases]: readonly string[] | undefined };
  const pair = { from: 'a', to: 'b' } as const;
  const always = (tasks_: readonly string[]): Expected => ({ none: tasks_, one: tasks_, both: tasks_ });
  const nothing: Expected = { none: undefined, one: undefined, both: undefined };
  it.each<[string, AuxiliaryObjective, Expected]>([
    ['all rows', consistency(pair), always(['a', 'b'])],
    ['rows of no label', consistency({ ...pair, rows: 'unlabelled' }), { ...nothing, none: ['a', 'b'] }],
    ['rows of one label', consistency({ ...pair, rows: 'lacking-one' }), { ...nothing, one: ['a', 'b'] }],
    ['rows of all labels', consistency({ ...pair, rows: 'labelled' }), { ...nothing, both: ['a', 'b'] }],
    ['a side that is a constant', consistency({ ...pair, stopGradient: 'from' }), always(['b'])],
    ['parts that are constants', sumTo({ parts: ['a', 'b'], total: 'c', stopGradient: 'parts' }), always(['c'])],
    ['a total that is one', sumTo({ parts: ['a', 'b'], total: 'c', stopGradient: 'total' }), always(['a', 'b'])],
    ['nobody', sumTo({ parts: ['a', 'b'], total: 3, stopGradient: 'parts' }), nothing],
    ['views', piModel({ rows: 'unlabelled' }), { none: names, one: ['b', 'c'], both: ['c'] }],
    ['a teacher of itself', meanTeacher({ tasks: ['a'], rows: 'unlabelled' }), { ...nothing, none: ['a'] }],
    ['peers', mutualLearning({ tasks: ['a', 'b'] }), always(['a', 'b'])],
    ['two views', deepCoTraining({ tasks: ['a', 'b'] }), always(['a', 'b'])],
    ['agreement alone', deepCoTraining({ tasks: ['a', 'b'], difference: 0 }), { ...nothing, none: ['a', 'b'] }],
    ['labels laid over', coTraining({ tasks: ['a', 'b'] }), nothing],
    [
      'whose label is missing',
      partialLabels({
        pairs: [
          ['a', 'b'],
          ['a', 'c'],
        ],
      }),
      { none: undefined, one: ['b', 'c'], both: ['c'] },
    ],
    ['taught by labels too', distill({ teachers, tasks: ['a'] }), nothing],
    [
      'taught where there is no label',
      distill({ teachers, tasks: ['b'], unlabelled: true }),
      { none: ['b'], one: ['b'], both: undefined },
    ],
    ['until labels take over', distill({ teachers, tasks: ['b'], unlabelled: true, labelShare: 1 }), nothing],
    ['what all share', featureDistillation({ teachers, tasks: ['a'] }), always([])],
  ])('%s', (_, term, expected) => {
    const bound = bind(term, term.name === 'co-training' ? classes : tasks);
    for (const [name, weights] of Object.entries(cases)) {
      const given = Object.fromEntries(Object.entries(weights).map(([task, row]) => [task, Float32Array.from(row)]));
      expect(bound.actsOn?.({ weights: given, step: firstStep }), name).toEqual(expected[name as keyof Expected]);
    }
  });

  it('before its first epoch: nobody', () => {
    const bound = bind(pseudoLabels({ after: 2 }), classes);
    const weights = { a: Float32Array.of(0, 1), b: Float32Array.of(0, 0), c: Float32Array.of(1, 1) };
    const taught = (epoch: number) => bound.actsOn?.({ weights, step: { ...firstStep, epoch } });
    expect([taught(0), taught(1), taught(2)]).toEqual([undefined, undefined, ['a', 'b']]);
  });
});

describe('one row in twenty with a label', () => {
  const rows = 40;
  const batchSize = 4;
  const at = (row: number) => row % 20 === 3;
  const x = Array.from({ length: rows }, (_, row) => Array.from(uniformFloats(2, 'x', row), (one) => 2 * one - 1));
  const truth = { a: [1, -1], b: [2, -2], c: [0.5, 0.5] };
  const names = ['a', 'b', 'c'] as const;
  const start = { a: [0.3, 0.1], b: [-0.2, 0.4], c: [0.2, -0.3] };
  const dot = (w: readonly number[], row: readonly number[]) => w.reduce((sum, one, i) => sum + one * (row[i] ?? 0), 0);
  const label = (name: keyof typeof truth, row: number) => dot(truth[name], x[row] ?? []);
  const data = tableDataset({
    inputs: { x: { data: Float32Array.from(x.flat()), shape: [rows, 2] } },
    columns: Object.fromEntries(
      names.map((name) => [name, x.map((_, row) => (at(row) ? label(name, row) : Number.NaN))]),
    ),
  });
  const rate = 0.05;
  const decay = 0.2;
  const map = { scale: 2, offset: 0.1 };
  const tied = () => consistency({ from: 'a', to: 'b', map, rows: 'unlabelled', weight: 0.5 });
  const optimizer = () => adamW({ learningRate: rate, decay });

  /** AdamW on the losses of the rows with a label and ½ the mean of (b − 2 a − 0.1)² over those without, in plain numbers. */
  function byHand(epochs: number) {
    const own = names.map((name) => ({ name, w: [...start[name]], m: [0, 0], v: [0, 0], count: 0 }));
    const terms: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let first = 0; first < rows; first += batchSize) {
        const batch = Array.from({ length: batchSize }, (_, i) => first + i);
        const labelled = batch.filter(at);
        const others = batch.filter((row) => !at(row));
        const [a, b] = own as [(typeof own)[0], (typeof own)[0]];
        const apart = (row: number) => dot(b.w, x[row] ?? []) - map.scale * dot(a.w, x[row] ?? []) - map.offset;
        terms.push(others.reduce((sum, row) => sum + apart(row) ** 2, 0) / others.length);
        const slopes = own.map(({ name, w }) =>
          [0, 1].map((i) => {
            const sign = { a: -map.scale, b: 1, c: 0 }[name];
            const ofRow = (row: number) =>
              (2 * (dot(w, x[row] ?? []) - label(name, row)) * (x[row]?.[i] ?? 0)) / labelled.length;
            const ofTie = (row: number) => (apart(row) * sign * (x[row]?.[i] ?? 0)) / others.length;
            const sum = (list: number[], of: (row: number) => number) =>
              list.reduce((total, row) => total + of(row), 0);
            return sum(labelled, ofRow) + sum(others, ofTie);
          }),
        );
        own.forEach((one, k) => {
          // Nobody teaches c but its labels: it stands still without them, its momentum and its decay too.
          if (labelled.length === 0 && one.name === 'c') return;
          one.count += 1;
          one.w = one.w.map((w, i) => {
            const g = slopes[k]?.[i] as number;
            one.m[i] = 0.9 * (one.m[i] as number) + 0.1 * g;
            one.v[i] = 0.999 * (one.v[i] as number) + 0.001 * g * g;
            const step = (one.m[i] as number) / (1 - 0.9 ** one.count);
            const size = Math.sqrt((one.v[i] as number) / (1 - 0.999 ** one.count)) + 1e-8;
            return (1 - rate * decay) * w - (rate * step) / size;
          });
        });
      }
    }
    return { values: Object.fromEntries(own.map(({ name, w }) => [name, w])), terms };
  }

  it('trains as it does by hand', async () => {
    const events: StepEvent[] = [];
    const model = linearModel(start);
    const trainer = await createTrainer({ ...model, auxiliary: [tied()], optimizer: optimizer(), executor: strict() });
    const callbacks = [{ stepEnd: (event: StepEvent) => void events.push(event) }];
    await trainer.fit(data, { epochs: 3, batchSize, shuffle: false, callbacks });
    const { values, terms } = byHand(3);
    expect(trainer.history).toMatchObject({ steps: 30, skipped: 0 });
    for (const name of names) {
      const found = Array.from((await trainer.parameters?.read(`${name}/w`))?.data ?? []);
      found.forEach((w, i) => void expect(w, name).toBeCloseTo(values[name]?.[i] ?? Number.NaN, 5));
    }
    events.forEach((event, i) => void expect(event.terms.consistency).toBeCloseTo(terms[i] ?? Number.NaN, 5));
    // Batches without labels are the most of them, and the loss of an epoch is that of the others.
    const known = events.filter(({ losses }) => !Number.isNaN(losses.a));
    expect(known.length).toBe(6);
    trainer.dispose();
  });

  it('resumes between such batches', async () => {
    const options = () => {
      const tasks = names.map((name) => regression(name, { standardize: false }));
      const auxiliary = [tied(), meanTeacher({ view: { noise: 0.1 }, rows: 'unlabelled' }), pseudoLabels()];
      return { tasks, sharing: plainSharing(mlp([4], { dropout: 0.2 })), auxiliary, optimizer: optimizer() };
    };
    await expectResumes(options, data, { epochs: 2, batchSize }, [3, 12]);
  });
});

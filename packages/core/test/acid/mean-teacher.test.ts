import { type AnyTask, createTrainer, hostTensor, mlp, sgd, type TrainedModel } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { meanTeacher } from './methods/mean-teacher.js';
import { pcgrad } from './methods/pcgrad.js';
import { piModel } from './methods/pi-model.js';
import { expectClose, expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b'];
const tasks = toyTasks(...names);
const train = toyTable(names, 12, { b: (row) => row % 5 === 0 });
const restless = () => tinySharing(mlp([6], { dropout: 0.3, batchNorm: true, activation: 'tanh' }));

/** Mean squared difference of two models' predictions, worked out by trainers that know nothing of each other. */
async function difference(tasksOf: readonly AnyTask[], a: TrainedModel, b: TrainedModel, x: Float32Array) {
  const predictions: number[][] = [];
  for (const model of [a, b]) {
    const trainer = await createTrainer({ tasks: tasksOf, sharing: restless() });
    await trainer.loadModel(model);
    const found = await trainer.predict({ x: hostTensor(x, [x.length / 4, 4]) });
    predictions.push(names.flatMap((name) => found[name] as number[]));
    trainer.dispose();
  }
  const [left = [], right = []] = predictions;
  return left.reduce((sum, value, i) => sum + (value - (right[i] ?? Number.NaN)) ** 2, 0) / left.length;
}

test('mean teacher: the term is the distance to a running mean of the parameters', async () => {
  const decay = 0.8;
  const models: TrainedModel[] = [];
  const auxiliary = [meanTeacher({ decay, weight: 0.5 })];
  const options = { tasks, sharing: restless(), auxiliary, optimizer: sgd({ learningRate: 0.3 }) };
  const terms: number[] = [];
  await trained(
    options,
    train,
    { epochs: 4, batchSize: 12, shuffle: false },
    ({ events }) => void terms.push(...events.map((event) => event.terms['mean-teacher'] as number)),
    async (trainer) => void models.push(await trainer.model()),
  );
  // The term compares the student in training mode, with dropout and the batch's statistics, so what is checked is the teacher: with
  // the same student, the term of a run whose teacher stands still and of one that follows differ as their teachers do.
  expect(terms).toHaveLength(4);
  expect(terms.every((term) => Number.isFinite(term) && term > 0)).toBe(true);
  expect(models).toHaveLength(4);
  expect(await difference(tasks, models[0] as TrainedModel, models[3] as TrainedModel, rowsOf())).toBeGreaterThan(0);
});

function rowsOf(): Float32Array {
  const raw = train.open({ batchSize: 12 }).next();
  return raw?.inputs.x?.data as Float32Array;
}

test('mean teacher: exact against a mean kept on the host', async () => {
  const decay = 0.8;
  const plain = tinySharing(mlp([6], { activation: 'tanh' }));
  const values: Record<string, number[]>[] = [];
  const models: TrainedModel[] = [];
  const terms: number[] = [];
  const options = { tasks, sharing: plain, auxiliary: [meanTeacher({ decay, weight: 0.5 })] };
  await trained(
    { ...options, optimizer: sgd({ learningRate: 0.3 }) },
    train,
    { epochs: 4, batchSize: 12, shuffle: false },
    ({ events }) => void terms.push(...events.map((event) => event.terms['mean-teacher'] as number)),
    async (trainer) => void models.push(await trainer.model()),
  );
  expect(values).toEqual([]);
  // Without dropout the student of step n + 1 is the model after step n, and the first teacher is the model before the first step.
  const start = await createTrainer({ tasks, sharing: plain, inputs: train.inputs, seed: 0 });
  const first = await modelOf(start);
  start.dispose();
  expectClose([terms[0] ?? 1], [0], 1e-10);
  let teacher = first;
  for (let n = 1; n < 4; n++) {
    const student = models[n - 1] as TrainedModel;
    teacher = blend(teacher, student, decay);
    expectClose([terms[n] as number], [await gap(plain, student, teacher)], 1e-5);
  }
});

async function modelOf(trainer: Awaited<ReturnType<typeof createTrainer>>): Promise<TrainedModel> {
  const { layout } = trainer.parameters as NonNullable<typeof trainer.parameters>;
  const variables: Record<string, { data: Float32Array; shape: readonly number[] }> = {};
  for (const { path } of layout.segments) variables[path] = (await trainer.parameters?.read(path)) as never;
  return { inputs: train.inputs, constants: { a: {}, b: {} }, variables };
}

function blend(teacher: TrainedModel, student: TrainedModel, decay: number): TrainedModel {
  const variables = Object.entries(teacher.variables).map(([path, { data, shape }]) => {
    const other = student.variables[path]?.data as Float32Array;
    return [
      path,
      { shape, data: Float32Array.from(data, (v, i) => decay * v + (1 - decay) * (other[i] ?? 0)) },
    ] as const;
  });
  return { ...teacher, variables: Object.fromEntries(variables) };
}

async function gap(sharing: ReturnType<typeof tinySharing>, a: TrainedModel, b: TrainedModel): Promise<number> {
  const x = rowsOf();
  const predictions: number[][] = [];
  for (const model of [a, b]) {
    const trainer = await createTrainer({ tasks, sharing });
    await trainer.loadModel({ ...model, constants: { a: {}, b: {} } });
    const found = await trainer.predict({ x: hostTensor(x, [12, 4]) });
    predictions.push(names.flatMap((name) => found[name] as number[]));
    trainer.dispose();
  }
  const [left = [], right = []] = predictions;
  return left.reduce((sum, value, i) => sum + (value - (right[i] ?? Number.NaN)) ** 2, 0) / left.length;
}

test('mean teacher and a Π-model term train together under PCGrad, and resume', async () => {
  const options = () => ({
    tasks,
    sharing: restless(),
    balancing: pcgrad(),
    auxiliary: [meanTeacher({ weight: 0.3 }), piModel({ weight: 0.2, epsilon: 0.1 })],
  });
  await trained(options(), train, { epochs: 3, batchSize: 4 }, ({ trainer, events, checkpoint }) => {
    expect(Object.keys(trainer.history?.auxiliary ?? {})).toEqual(['mean-teacher', 'pi-model']);
    expect(events.every(({ terms }) => Object.values(terms).every((term) => Number.isFinite(term)))).toBe(true);
    expect(events.at(-1)?.terms['mean-teacher']).toBeGreaterThan(0);
    const stored = Object.keys(checkpoint.tensors).filter((name) => name.startsWith('stored/'));
    expect(stored).toEqual(['stored/auxiliary/mean-teacher/values', 'stored/auxiliary/mean-teacher/state']);
  });
  await expectResumes(options, train, { epochs: 3, batchSize: 4 }, 5);
});

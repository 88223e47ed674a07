// The rows of all tables: what each name makes, and that no name is in two tables.
import { type Encoder, isPart, type LearningRateSchedule, type PartDescription, type PartKind } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { buildPart } from '../../src/parts/build-part.js';
import { type PartTable, partSchema } from '../../src/parts/part-table.js';
import { allNames, partTables, placeSchema, tableFor, tableOf } from '../../src/parts/tables.js';

const [encoders, optimizers, schedules, taskTypes] = [
  tableFor('encoder'),
  tableFor('optimizer'),
  tableFor('learning-rate-schedule'),
  tableFor('task'),
];

async function made<Part>(table: PartTable, config: object, totalSteps?: number): Promise<Part> {
  const name = String((config as Record<string, unknown>)[table.key]);
  const schema = partSchema(table.parts.get(name) as PartDescription, name, table.key, (kinds) =>
    placeSchema(...kinds),
  );
  expect(schema.safeParse(config).error, 'the schema takes it').toBeUndefined();
  const context = { folder: '/', ...(totalSteps === undefined ? {} : { totalSteps }) };
  return (await buildPart<Part>(config, [], table, context, (_, error) => {
    throw error;
  })) as Part;
}

const encoder = { use: 'mlp', units: [8] };

describe('tables', () => {
  // Tables stay out of the rows: the runner prints rows, and a schema has no end.
  it.each<[string, PartKind, Record<string, unknown>]>([
    ['mlp', 'encoder', { ...encoder, activation: 'tanh', flatten: false }],
    ['conv-net', 'encoder', { use: 'conv-net', filters: [4], kernelSize: 3, padding: 'same' }],
    ['tabular', 'encoder', { use: 'tabular', numeric: ['a'], embeddingSize: 4, units: [8] }],
    ['fusion', 'encoder', { use: 'fusion', columns: { a: encoder, b: { inputs: ['c'], encoder } }, combine: 'sum' }],
    ['hard-sharing', 'sharing', { use: 'hard-sharing', encoder }],
    ['branched-sharing', 'sharing', { use: 'branched-sharing', encoder, tree: { stages: 1, branches: ['a'] } }],
    ['sum-of-losses', 'loss-weighting', { use: 'sum-of-losses' }],
    ['adam', 'optimizer', { use: 'adam', beta1: 0.8, beta2: 0.9, epsilon: 1e-6 }],
    ['adam-w', 'optimizer', { use: 'adam-w', decay: 0.1 }],
    ['sgd', 'optimizer', { use: 'sgd', clipNorm: 1, groups: { balancing: { learningRate: 0.1 } } }],
    ['momentum', 'optimizer', { use: 'momentum', momentum: 0.8, nesterov: true }],
    ['rms-prop', 'optimizer', { use: 'rms-prop', rho: 0.8 }],
    ['adagrad', 'optimizer', { use: 'adagrad', epsilon: 1e-9 }],
    ['a', 'task', { type: 'classification', name: 'a', classes: ['x', 'y'] }],
    ['b', 'task', { type: 'binary', name: 'b', labels: ['no', 'yes'] }],
    ['c', 'task', { type: 'multi-label', name: 'c', labels: 3 }],
    ['d', 'task', { type: 'regression', name: 'd', size: 2 }],
    ['e', 'task', { type: 'dense-classification', name: 'e', classes: 3, positions: [4] }],
  ])('make %s, a part of kind %s, from %j', async (name, kind, config) => {
    const table = tableOf(String(config.use ?? config.type)) as PartTable;
    const part = await made<{ name: string }>(table, config);
    expect(isPart(part, kind)).toBe(true);
    expect(part.name).toBe(name);
    expect(table.kinds).toContain(kind);
  });

  it('have every name once, and all of them are tried here or in a file of their own', () => {
    const names = allNames();
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('multimnist');
    for (const name of names) expect(tableOf(name)?.parts.has(name)).toBe(true);
    expect(tableOf('nobody')).toBeUndefined();
    const empty = partTables.filter(({ parts }) => parts.size === 0).map(({ id }) => id);
    // Those that only others have so far.
    expect(empty.filter((id) => id !== 'auxiliary' && id !== 'observer')).toEqual([]);
  });
});

describe('options', () => {
  it('reach the parts', async () => {
    const stages = async (config: object, shape: readonly number[]) =>
      (await made<Encoder>(encoders, config)).stages({ x: { shape, dtype: 'float32' } }).map(({ name }) => name);
    expect(await stages({ use: 'mlp', units: [8, 4] }, [3])).toEqual(['dense0', 'dense1']);
    expect(await stages({ use: 'conv-net', filters: [4], dense: [] }, [9, 9, 1])).toEqual(['conv0']);
    expect(await made(optimizers, { use: 'adam', learningRate: 0.5 })).toMatchObject({ learningRate: 0.5 });
    expect(await made(taskTypes, { type: 'classification', name: 'a', classes: 3, column: 'b' })).toMatchObject({
      column: 'b',
    });
  });

  it('of a schedule are a function of the step', async () => {
    const cosine = await made<LearningRateSchedule>(schedules, { use: 'cosine-decay', floor: 0.1 }, 100);
    expect([cosine(0), cosine(50), cosine(100)]).toEqual([1, expect.closeTo(0.55), expect.closeTo(0.1)]);
    const steps = await made<LearningRateSchedule>(schedules, { use: 'step-decay', every: 10, factor: 0.5 });
    expect(steps(25)).toBe(0.25);
    const warm = { use: 'warm-up', steps: 4, followedBy: { use: 'cosine-decay', steps: 10 } };
    expect((await made<LearningRateSchedule>(schedules, warm))(0)).toBe(0.25);
    await expect(made(schedules, { use: 'cosine-decay' })).rejects.toThrow(/`steps` must be a number of steps/);
    const adam = { use: 'adam', schedule: { use: 'step-decay', every: 1, factor: 0.5 } };
    expect((await made<{ schedule: LearningRateSchedule }>(optimizers, adam)).schedule(2)).toBe(0.25);
  });
});

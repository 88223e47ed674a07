import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { smallRun } from '../../../../test/support/configs.js';
import { configSchema, jsonSchema } from '../../src/config/schema.js';
import { partTables } from '../../src/parts/tables.js';

describe('configSchema', () => {
  it('fills in the defaults', () => {
    expect(configSchema.parse(parse(smallRun))).toEqual({
      ...parse(smallRun),
      split: { seed: 0 },
      optimizer: { use: 'adam' },
      training: {
        epochs: 1,
        batchSize: 32,
        accumulate: 1,
        evaluationBatchSize: 1024,
        shuffle: true,
        checkpoints: { keepLast: 2 },
      },
      calibration: 'none',
      backend: 'auto',
      threads: 2,
      compare: 'none',
      seed: 0,
      repeat: 1,
    });
  });

  it('takes every kind of value that it documents', () => {
    const run = {
      data: { use: 'multimnist', layout: 'image', seed: 3, folder: 'mnist', canvas: 40, offset: 8, output: 32 },
      split: { validation: 0.1, seed: 2 },
      tasks: [
        { name: 'a', type: 'classification', classes: ['x', 'y'], classWeights: 'balanced', labelSmoothing: 0.1 },
        { name: 'b', type: 'binary', labels: ['no', 'yes'], threshold: 0.4, positiveWeight: 2 },
        { name: 'c', type: 'multi-label', labels: 3, column: 'd', inputs: ['image'] },
        { name: 'd', type: 'regression', loss: 'huber', delta: 2, standardize: false, size: 2, unit: 'cm' },
        { name: 'e', type: 'dense-classification', classes: 2, positions: [4, 4], classWeights: [1, 2] },
        { name: 'f', type: '@acme/tasks#ordinal', levels: 4 },
      ],
      sharing: {
        use: 'branched-sharing',
        encoder: {
          use: 'fusion',
          columns: { image: { use: 'conv-net' }, t: { inputs: ['t'], encoder: { use: 'tabular' } } },
        },
        tree: { stages: 1, branches: ['a', { stages: 1, branches: ['b', 'c'] }] },
        head: { a: { use: 'mlp', units: [] } },
        adapters: { b: { use: 'layers-model', file: 'model.json' } },
      },
      balancing: { use: './own.mjs#weighting', anything: { goes: [1] } },
      optimizer: {
        use: 'adam-w',
        learningRate: 0.1,
        schedule: { use: 'warm-up', steps: 5, followedBy: { use: 'cosine-decay' } },
      },
      training: { earlyStopping: { patience: 0, monitor: { task: 'a', metric: 'accuracy' }, restoreBest: true } },
      backend: 'node',
      compare: 'single-task',
      seed: 7,
      output: 'here',
    };
    expect(configSchema.safeParse(run).error).toBeUndefined();
  });
});

describe('jsonSchema', () => {
  it('has every short name, and help for every key at the top', () => {
    const text = JSON.stringify(jsonSchema());
    const names = partTables.flatMap(({ parts }) => [...parts.keys()]);
    expect(names.filter((name) => !text.includes(`"const":"${name}"`))).toEqual([]);
    const { properties } = jsonSchema() as { properties: Record<string, { description?: string }> };
    expect(Object.entries(properties).filter(([, { description }]) => !description)).toEqual([]);
  });
});

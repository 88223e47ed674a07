import { LabelError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { temperedModule } from '../../../../test/support/plugins.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { InputError } from '../../src/errors/mistakes.js';
import { prepareRun } from '../../src/parts/prepare-run.js';

/** Streamed rows, as far as the configuration looks at them, and a source that gives too little. */
const dataModule = `
const set = (columns) => ({
  inputs: { image: { shape: [4], dtype: 'float32' } }, columns, size: 10, sources: [],
  open() {}, batches: ({ batchSize, lastBatch }) => lastBatch === 'drop' ? Math.floor(10 / batchSize) : Math.ceil(10 / batchSize),
});
export const streamed = () => ({ train: set(['left', 'right']), test: set(['left']) });
export const half = () => ({ train: set(['left']) });
`;

async function prepare(text: string, set: readonly string[] = []) {
  const cwd = folderWith({ 'run.yaml': text, 'tempered.mjs': temperedModule, 'data.mjs': dataModule });
  return prepareRun(await loadConfig({ file: 'run.yaml', cwd, set }));
}

async function told(text: string, set: readonly string[] = []): Promise<string[]> {
  const error = (await prepare(text, set).catch((reason: unknown) => reason)) as InputError;
  expect(error.mistakes, String(error)).toBeDefined();
  return error.mistakes.map(({ where, message }) => `${where.replace('run.yaml:', '')}: ${message}`);
}

describe('prepareRun', () => {
  it('gives data, tasks and new parts', async () => {
    const run = await prepare(smallRun, ['split.validation=0.25']);
    expect([run.data.train.size, run.data.validation?.size, run.data.test.size]).toEqual([72, 24, 32]);
    expect(run.tasks.map(({ name }) => name)).toEqual(['left', 'right']);
    expect(run.training).toMatchObject({ epochs: 1, batchSize: 32 });
    const [first, second] = [await run.joint(), await run.joint()];
    expect(first).toMatchObject({ sharing: { name: 'hard-sharing' }, optimizer: { name: 'adam' } });
    expect(first.sharing).not.toBe(second.sharing);
    expect((await run.alone(run.tasks[1] as never)).network.tasks).toMatchObject([{ name: 'right' }]);
  });

  it('decays over all steps of the run unless told', async () => {
    const run = await prepare(smallRun, [
      'optimizer={ use: sgd, schedule: { use: cosine-decay } }',
      'training.epochs=2',
    ]);
    const { schedule } = (await run.joint()).optimizer;
    expect([schedule?.(0), schedule?.(3), schedule?.(6)]).toEqual([1, expect.closeTo(0.5), expect.closeTo(0)]);
  });

  it('splits by the seed of the split, not by that of the run', async () => {
    const ids = async (...set: string[]) => {
      const { data } = await prepare(smallRun, ['split.validation=0.25', ...set]);
      return [...(data.validation as unknown as { ids: Int32Array }).ids];
    };
    expect(await ids('seed=1')).toEqual(await ids('seed=2'));
    expect(await ids('split.seed=1')).not.toEqual(await ids('split.seed=2'));
  });

  it('takes parts from elsewhere', async () => {
    const run = await prepare(`${smallRun}balancing: { use: "./tempered.mjs#tempered", temperature: 2 }\n`);
    expect((await run.joint()).balancing).toMatchObject({ name: 'tempered', options: { temperature: 2 } });
  });

  it('tells everything that is wrong at once', async () => {
    const text = changed('name: left', 'name: lft', changed('{ use: mlp, units: [8] }', '{ use: conv-net }'));
    const set = ['balancing.use=./tempered.mjs#temperd', 'optimizer.learningRate=0', 'optimizer.use=adam'];
    expect(await told(text, set)).toEqual([
      '5:13: the data have no column `lft`; there are left, right, sum. Did you mean `left`?',
      '--set optimizer.learningRate=0: `optimizer.learningRate`: found 0, expected a number above 0',
      expect.stringMatching(/^--set balancing\.use=\S+: `\.\/tempered\.mjs` exports no `temperd`/),
    ]);
    expect(await told(text)).toEqual([
      expect.stringContaining('no column `lft`'),
      expect.stringMatching(/^9:12: Input `image` of `convNet` must have shape/),
    ]);
  });

  it('checks columns and inputs against the data', async () => {
    const inputs = changed('classes: 10 }', 'classes: 10, inputs: [imge], column: sum }');
    expect(await told(inputs)).toEqual(['5:63: the data have no input `imge`; there are image. Did you mean `image`?']);
    const streamed = changed('use: multimnist\n  size: { train: 96, test: 32 }', 'use: "./data.mjs#streamed"');
    expect(await told(streamed)).toEqual(['5:13: the test rows have no column `right`, though the training rows do']);
    expect(await told(streamed, ['split.validation=0.1', 'tasks.1.column=left', 'training.lastBatch=drop'])).toEqual([
      expect.stringMatching(/^--set split\.validation=0\.1: .*streamed/),
    ]);
    const drop = await told(smallRun, ['training.batchSize=100', 'training.lastBatch=drop']);
    expect(drop).toEqual([expect.stringMatching(/`training\.batchSize`: found 100 rows per step, .* take at most 96/)]);
  });

  it('finds the options of a balancing that do not go together', async () => {
    const withBalancing = (balancing: string) => told(`${smallRun}balancing: ${balancing}\n`);
    expect([
      ...(await withBalancing('{ use: mgda, updateEvery: 3, gradientsOf: layers }')),
      ...(await withBalancing('{ use: grad-drop, headGradients: weighted }')),
      ...(await withBalancing('{ use: cr-mogm, inner: { use: grad-drop } }')),
    ]).toEqual([
      expect.stringMatching(/^\d+:38: .*could hold for 3 steps/),
      expect.stringMatching(/^\d+:45: .*knows no weights for head gradients/),
      expect.stringMatching(/^\d+:35: .*must be a gradient balancing that gives weights/),
    ]);
  });

  it('finds methods that go by validation rows where there are none', async () => {
    const baselines = 'baselines: { left: 0.9, right: 0.9 }';
    const said = /goes by validation rows, of which there are none; set some apart/;
    for (const balancing of [
      `{ use: pivrg, by: metric, ${baselines} }`,
      `{ use: pivrg, ${baselines} }`,
      '{ use: dynamic-task-prioritization, by: metric }',
      '{ use: auto-lambda, innerRate: 0.1, learningRate: 0.01 }',
    ]) {
      const text = `${smallRun}balancing: ${balancing}\n`;
      expect(await told(text), balancing).toEqual([expect.stringMatching(said)]);
      expect((await prepare(text, ['split.validation=0.25'])).notes).toEqual([]);
    }
    const watched = `${smallRun}observers:\n  - { use: gradient-similarity }\n  - { use: grad-tae }\n`;
    expect(await told(watched)).toEqual([expect.stringMatching(/^13:.*`grad-tae` goes by validation rows/)]);
  });

  it('says what rotations and the balancing that learns them are to one another', async () => {
    const turned = changed('units: [8] }', 'units: [8] }\n  rotations: true');
    expect((await prepare(turned, ['balancing={ use: roto-grad, learningRate: 0.001 }'])).notes).toEqual([]);
    expect((await prepare(turned)).notes).toEqual([
      '`hard-sharing` was made for the balancing `roto-grad`, and this run has `sum-of-losses`. No other learns `rotations`: leave them out.',
    ]);
    expect(await told(turned, ['balancing={ use: roto-grad, gradientsOf: shared }'])).toEqual([
      expect.stringMatching(/gradientsOf.*must be "representation" where the model has rotations/),
    ]);
    expect(await told(smallRun, ['balancing={ use: roto-grad, learningRate: 0.001 }'])).toEqual([
      expect.stringMatching(/learningRate.*left out where the model has no rotations.*`rotations: true`/),
    ]);
    expect(await told(changed('rotations: true', 'rotations: 9', turned))).toEqual([
      expect.stringMatching(/^10:14: .*`rotations` must be false, or a number from 2 to 8 for the 8 features/),
    ]);
  });

  it('keeps batch normalisation from single rows', async () => {
    const normalised = changed('units: [8] }', 'units: [8], batchNorm: true }');
    const wrong = await told(normalised, ['training.batchSize=1']);
    expect(wrong).toEqual([
      expect.stringMatching(/batchSize.*must be at least 2 under batch normalisation \(`trunk.*is 1\. Take more rows/),
    ]);
    const asked = ['training.batchSize=95', 'training.lastBatch=keep'];
    expect(await told(normalised, asked)).toEqual([
      expect.stringMatching(/lastBatch.*must be 'drop'.*96 rows, batchSize 95.*Or take another batchSize/),
    ]);
    const one = normalised.replace('train: 96', 'train: 1');
    expect(await told(one)).toEqual([expect.stringMatching(/^2:3: There must be at least 2 training rows/)]);
    // Without such layers all of it can be done.
    for (const set of [['training.batchSize=1'], asked]) expect((await prepare(smallRun, set)).notes).toEqual([]);
    // One that is left over is left out, of the length of schedules too.
    const decay = 'optimizer={ use: sgd, schedule: { use: cosine-decay } }';
    const run = await prepare(normalised, ['training.batchSize=95', 'training.epochs=2', decay]);
    expect(run.notes).toEqual([expect.stringContaining('last batch of an epoch has a single row, and is left out')]);
    expect(run.training.lastBatch).toBe('drop');
    const { schedule } = (await run.joint()).optimizer;
    expect([schedule?.(1), schedule?.(2)]).toEqual([expect.closeTo(0.5), expect.closeTo(0)]);
  });

  it('has rows for the parts that a balancing divides batches into', async () => {
    const parts = (count: number) => `balancing={ use: ntk-mtl, parts: ${count} }`;
    const normalised = changed('units: [8] }', 'units: [8], batchNorm: true }');
    expect(await told(smallRun, [parts(8), 'training.batchSize=4'])).toEqual([
      expect.stringMatching(
        /balancing.*`parts` must be at most 4 with 4 rows in a batch, but is 8\. Take fewer parts, or more rows/,
      ),
    ]);
    expect(await told(normalised, [parts(8), 'training.batchSize=12'])).toEqual([
      expect.stringMatching(
        /`parts` must be at most 6 with 12 rows in a batch, of which batch normalisation needs two/,
      ),
    ]);
    const around = 'balancing={ use: cr-mogm, inner: { use: ntk-mtl, parts: 97 } }';
    expect(await told(smallRun, [around, 'training.batchSize=100'])).toEqual([
      expect.stringMatching(/`parts` must be at most 96 with 96 rows/),
    ]);
    for (const set of [['training.batchSize=8'], ['training.batchSize=4', 'training.accumulate=2']]) {
      expect((await prepare(smallRun, [parts(8), ...set])).notes).toEqual([]);
    }
  });

  it.each<[string, string[], RegExp]>([
    [
      'data that are none',
      ['data={ use: "./data.mjs#half" }'],
      /must give \{ train, test \}, two data sets, but `test` is none/,
    ],
    ['data that are not there', ['data={ use: "./gone.mjs#x" }'], /there is no file `\.\/gone\.mjs`/],
    ['a split that leaves nothing', ['split.validation=0.001'], /leaves none for `validation`/],
    [
      'a metric that a task does not have',
      ['split.validation=0.2', 'training.earlyStopping={ patience: 1, monitor: { task: left, metric: acuracy } }'],
      /no metric `acuracy`.*Did you mean `accuracy`\?/,
    ],
    [
      'a tree deeper than the encoder',
      [
        'sharing={ use: branched-sharing, encoder: { use: mlp, units: [4] }, tree: { stages: 2, branches: [left, right] } }',
      ],
      /The tree goes 2 stages deep/,
    ],
  ])('refuses %s', async (_, set, message) => {
    expect(await told(smallRun, set)).toEqual([expect.stringMatching(message)]);
  });

  it('blames the configuration for its errors only', async () => {
    const run = await prepare(smallRun);
    expect(run.blame(new LabelError('right', 'no label', 'Look.')).mistakes).toMatchObject([{ line: 6 }]);
    expect(() => run.blame(new TypeError('x'))).toThrow(TypeError);
  });
});

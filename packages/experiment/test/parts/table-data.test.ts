import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { loadConfig } from '../../src/config/load-config.js';
import { InputError } from '../../src/errors/mistakes.js';
import { prepareRun } from '../../src/parts/prepare-run.js';

const rows = Array.from({ length: 40 }, (_, i) => [
  i,
  i % 7 === 0 ? '' : i % 5,
  i % 3 === 0 ? 'red' : 'blue',
  i % 4 === 0 ? '' : 2 * i,
  ['low', 'mid', 'high'][i % 3],
  i % 2 === 0,
  Math.floor(i / 4),
  i < 30 ? 'train' : 'test',
]);
const csv = `a,b,colour,y,grade,ok,person,part\n${rows.map((row) => row.join(',')).join('\n')}\n`;

const run = `data:
  use: table
  source: rows.csv
  features:
    a: number
    b: { type: number, missing: indicator }
    colour: category
  only: true
  cache: cache
split: { validation: 0.1, test: 0.2 }
tasks:
  - { name: y, type: regression, unit: m }
  - { name: grade, type: classification, classWeights: balanced }
  - { name: good, column: ok, type: binary }
sharing:
  use: hard-sharing
  encoder: { use: mlp, units: [4] }
training: { epochs: 1, batchSize: 8 }
`;

async function prepared(yaml: string, files: Record<string, string> = {}) {
  const folder = folderWith({ 'run.yaml': yaml, 'rows.csv': csv, ...files });
  return prepareRun(await loadConfig({ file: 'run.yaml', cwd: folder }));
}

/** What is wrong with a run file, each with its place. */
async function mistakesOf(yaml: string, files: Record<string, string> = {}): Promise<string[]> {
  const error = await prepared(yaml, files).catch((thrown: unknown) => thrown);
  if (!(error instanceof InputError)) throw error;
  return error.mistakes.map(({ where, message }) => `${where}: ${message}`);
}

const changed = (from: string, to: string) => {
  if (!run.includes(from)) throw new Error(`The run has no ${from}.`);
  return run.replace(from, () => to);
};

describe('a table in a run file', () => {
  it('is divided, and tells tasks their classes', async () => {
    const { data, config } = await prepared(run);
    expect([data.train.size, data.validation?.size, data.test.size]).toEqual([28, 4, 8]);
    expect(config.tasks).toMatchObject([
      { name: 'y' },
      { classes: ['high', 'low', 'mid'] },
      { labels: ['false', 'true'] },
    ]);
    expect(config.split).toMatchObject({ validation: 0.1, test: 0.2 });
    expect(data.facts?.record.split).toMatchObject({ by: 'random', rows: { train: 28, validation: 4, test: 8 } });
    // a, b and whether it is missing, and unknown, red and blue.
    expect(data.train.inputs.numbers?.shape).toEqual([6]);
  });

  it('has further features where the named ones are not all', async () => {
    const { data } = await prepared(changed('  only: true\n', ''));
    expect(data.facts?.record).toMatchObject({ inferred: { person: 'number', part: 'category' } });
    // Both parts by name, and unknown.
    expect(data.train.inputs.numbers?.shape).toEqual([6 + 1 + 3]);
    const without = await prepared(changed('  only: true\n', '  exclude: [part]\n'));
    expect(without.data.facts?.encoding.features.map(({ column }) => column)).toEqual(['a', 'b', 'colour', 'person']);
  });

  it('is divided by what a column says', async () => {
    const { data } = await prepared(changed('{ validation: 0.1, test: 0.2 }', '{ column: part }'));
    expect([data.train.size, data.validation, data.test.size]).toEqual([30, undefined, 10]);
  });

  it('stops early by the validation rows that a column marks, and wants some', async () => {
    const byColumn = changed('{ validation: 0.1, test: 0.2 }', '{ column: part }');
    expect((await prepared(byColumn)).training).not.toHaveProperty('earlyStopping');
    const stopping = byColumn.replace('batchSize: 8 }', 'batchSize: 8, earlyStopping: { patience: 3 } }');
    expect(await mistakesOf(stopping)).toEqual([
      expect.stringMatching(/early stopping watches validation rows, and no row of column `part` is for validation/),
    ]);
    const best = byColumn.replace('batchSize: 8 }', 'batchSize: 8, checkpoints: { keepBest: loss } }');
    expect(await mistakesOf(best)).toEqual([
      expect.stringMatching(/the best epoch is found by validation rows, and no row/),
    ]);
    const marked = { 'rows.csv': csv.replace('train', 'validation') };
    expect((await prepared(stopping, marked)).training.earlyStopping).toMatchObject({ patience: 3, restoreBest: true });
    expect((await prepared(byColumn, marked)).training.earlyStopping).toEqual({ patience: 20, restoreBest: true });
  });

  it('lets all labels count the same, unless something else balances the tasks', async () => {
    const weights = async (yaml: string) => (await prepared(yaml)).tasks.map(({ weight }) => weight);
    expect(await weights(run)).toEqual(['labelled-share', 'labelled-share', 'labelled-share']);
    expect(await weights(`${run}balancing: { use: sum-of-losses }\n`)).toEqual([undefined, undefined, undefined]);
    expect(await weights(run.replace('type: binary', 'type: binary, weight: 2'))).toEqual([
      'labelled-share',
      'labelled-share',
      2,
    ]);
  });

  it('may be a file of an npm package', async () => {
    const file = {
      'node_modules/some-rows/data/rows.csv': csv,
      'node_modules/some-rows/package.json': '{"exports": "./x.js"}',
    };
    const { data } = await prepared(changed('source: rows.csv', 'source: some-rows/data/rows.csv'), file);
    expect(data.facts?.source).toBe('rows.csv');
    // Not out of the package.
    const out = changed('source: rows.csv', 'source: some-rows/../../../rows.csv');
    expect(await mistakesOf(out, file)).toEqual([expect.stringMatching(/^run.yaml:3:11: there is no file/)]);
  });

  it('may have columns of any name', async () => {
    const names = changed('    a: number', '    use: number\n    toString: number\n    type: number').replace(
      '  source: rows.csv',
      '  source: rows.csv\n  sql: SELECT *, a AS use, a AS "toString", a AS type FROM data',
    );
    const { data } = await prepared(names);
    expect(data.train.inputs.numbers?.shape).toEqual([8]);
  });

  it.each([
    [
      'a file that is not there',
      'rows.csv',
      'row.csv',
      /^run.yaml:3:11: there is no file .*row.csv. Did you mean `rows.csv`/,
    ],
    [
      'a feature that is not there',
      'colour: category',
      'color: category',
      /^run.yaml:7:12: there is no column `color`.*Did you mean `colour`/,
    ],
    [
      'a type of feature that there is not',
      'a: number',
      'a: nubmer',
      /^run.yaml:5:8: `data.features.a`: found "nubmer", expected number/,
    ],
    [
      'a label that is not there',
      'column: ok',
      'column: okay',
      /^run.yaml:14:27: there is no column `okay`.*Did you mean `ok`/,
    ],
    ['a name that is no column', 'name: y', 'name: z', /^run.yaml:12:13: there is no column `z`/],
    [
      'SQL that cannot be run',
      '  cache: cache',
      '  cache: cache\n  sql: SELEC 1',
      /^run.yaml:10:8: the SQL cannot be run: syntax error/,
    ],
    [
      'a key that there is not',
      '  cache: cache',
      '  cahce: cache',
      /^run.yaml:9:3: there is no key `data.cahce`.*Did you mean `cache`/,
    ],
    [
      'a column to split by that is not there',
      'test: 0.2 }',
      'group: preson, test: 0.2 }',
      /^run.yaml:10:34: there is no column `preson`.*Did you mean `person`/,
    ],
    ['two columns to split by', 'test: 0.2 }', 'group: person, time: a }', /rows are split by `group` already/],
    [
      'shares that leave nothing',
      'test: 0.2 }',
      'test: 0.95 }',
      /^run.yaml:10:22: validation and test rows must leave some/,
    ],
    [
      'a task with several labels per row, which no column names',
      'type: binary',
      'type: multi-label, labels: 2',
      /^run.yaml:14:37: the labels of one column are known by their names/,
    ],
    [
      'a class that is none of those named',
      'type: classification,',
      'type: classification, classes: [low, middle, high],',
      /"mid" is not one of the classes `low`, `middle`, `high`/,
    ],
    ['batches of no row', 'batchSize: 8', 'batchSize: 0', /^run.yaml:18:35: `training.batchSize`: found 0/],
    [
      'missing values under error',
      'missing: indicator',
      'missing: error',
      /^run.yaml:3:11: all rows must be right, but 6 cannot be used:\n {2}rows.csv, row 1, column `b`: `b` has no value/,
    ],
  ])('is refused with its place: %s', async (_, from, to, message) => {
    const mistakes = await mistakesOf(changed(from, to));
    expect(mistakes).toEqual([expect.stringMatching(message)]);
  });

  it('draws training rows as asked', async () => {
    const sampled = await prepared(changed('  cache: cache', '  cache: cache\n  sampling: { column: ok }'));
    const plain = await prepared(run);
    expect(sampled.data.train.size).toBeGreaterThanOrEqual(plain.data.train.size);
    expect(sampled.data.test.size).toBe(8);
    const mixed = await prepared(
      changed('  cache: cache', '  cache: cache\n  mixing: { use: temperature-mixing, temperature: 2 }'),
    );
    expect(mixed.data.train.sources.map(({ name }) => name)).toEqual(['y', 'grade', 'good']);
    expect((await mixed.joint()).schedule?.name).toBe('temperature-mixing');
    const alone = await mixed.alone(mixed.tasks[0] as never);
    expect([alone.data.train.size, alone.network.schedule]).toEqual([mixed.data.train.sources[0]?.rows, undefined]);
    expect(await mistakesOf(changed('  cache: cache', '  cache: cache\n  sampling: { column: y }'))).toEqual([
      expect.stringMatching(/^run.yaml:10:13: .*class ids/),
    ]);
    const streamed =
      '  cache: cache\n  memory: 0\n  sampling: { column: ok }\n  mixing: { use: temperature-mixing, temperature: 2 }';
    const both = await prepared(changed('  cache: cache', streamed));
    expect(both.data.train.sources.map(({ name }) => name)).toEqual(['y', 'grade', 'good']);
    expect((await both.joint()).schedule?.name).toBe('temperature-mixing');
  });

  it('may have labels of several columns, weights and a stratified split', async () => {
    const several = changed(
      '  - { name: y, type: regression, unit: m }',
      '  - { name: both, type: regression, columns: [a2, y] }\n  - { name: answers, type: multi-label, columns: [ok, low] }',
    )
      .replace(
        '  cache: cache',
        "  sql: SELECT *, 2 * a AS a2, grade = 'low' AS low FROM data\n  weight: { both: person }\n  cache: cache",
      )
      .replace('test: 0.2 }', 'test: 0.2, stratify: grade }')
      .replace('  - { name: good, column: ok, type: binary }\n', '');
    const { data, tasks } = await prepared(several);
    expect(tasks.map(({ target }) => target.shape)).toEqual([[2], [2], []]);
    const batch = await data.test.open({ batchSize: 8 }).next();
    expect([batch?.columns.both?.shape, batch?.columns.answers?.shape]).toEqual([
      [8, 2],
      [8, 2],
    ]);
    expect(batch?.sampleWeights.both).toEqual(Float32Array.from(batch?.ids.both ?? [], (id) => Math.floor(id / 4)));
    expect(data.facts?.record.split).toMatchObject({ by: 'stratify', column: 'grade' });
    const wrong = (from: string, to: string) => mistakesOf(several.replace(from, () => to));
    expect(await wrong('[a2, y]', '[a2, why]')).toEqual([
      expect.stringMatching(/^run.yaml:14:51: there is no column `why`/),
    ]);
    expect(await wrong('[a2, y]', '[a2, y], size: 3')).toEqual([
      expect.stringMatching(/3 values per row, but 2 columns/),
    ]);
    expect(await wrong('[a2, y]', '[a2, y], column: y')).toEqual([
      expect.stringMatching(/`column` or `columns`, not both/),
    ]);
    expect(await wrong('both: person', 'bath: person')).toEqual([
      expect.stringMatching(/:10:19: there is no task `bath`/),
    ]);
    expect(await wrong('both: person', 'both: colour')).toEqual([expect.stringMatching(/a weight must be a number/)]);
  });

  it('has all its mistakes told at once, and those of the model', async () => {
    const wrong = changed('source: rows.csv', 'source: none.csv').replace('units: [4]', 'units: [0]');
    expect(await mistakesOf(wrong)).toEqual([expect.stringContaining('none.csv'), expect.stringContaining('units')]);
  });

  it('leaves splits by column to tables', async () => {
    const images = 'data: { use: multimnist, size: { train: 8, test: 8 } }';
    const wrong = run
      .replace(/data:[\s\S]*?split:.*\n/, `${images}\nsplit: { test: 0.5 }\n`)
      .replace(/ {2}- \{ name: y[\s\S]*?sharing/, '  - { name: left, type: classification }\nsharing');
    expect(await mistakesOf(wrong)).toEqual([
      expect.stringMatching(/only tables and images can be split so/),
      expect.stringMatching(/a number of classes, or their names; only a table finds them out/),
    ]);
  });
});

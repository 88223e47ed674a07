import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { loadConfig } from '../../src/config/load-config.js';
import { InputError } from '../../src/errors/mistakes.js';
import { prepareRun } from '../../src/parts/prepare-run.js';

const homes = `size,town,price\n${Array.from({ length: 40 }, (_, i) => `${i},${i % 3 ? 'Oslo' : 'Bergen'},${10 * i}`).join('\n')}\n`;
const flats = `size,town,grade\n${Array.from({ length: 20 }, (_, i) => `${i},${i % 3 ? 'Oslo' : 'Bergen'},${i % 2 ? 'good' : 'bad'}`).join('\n')}\n`;

const run = `data:
  use: task-tables
  tables:
    price: { source: homes.csv }
    grade: { source: { rows: flats.csv }, sql: SELECT * FROM rows }
  mixing: { use: uniform-mixing }
  cache: cache
split: { validation: 0.1, test: 0.2 }
tasks:
  - { name: price, type: regression }
  - { name: grade, type: classification }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
training: { epochs: 1, batchSize: 8 }
`;

async function prepared(yaml: string) {
  const folder = folderWith({ 'run.yaml': yaml, 'homes.csv': homes, 'flats.csv': flats });
  return prepareRun(await loadConfig({ file: 'run.yaml', cwd: folder }));
}

async function mistakesOf(yaml: string): Promise<string[]> {
  const error = await prepared(yaml).catch((thrown: unknown) => thrown);
  if (!(error instanceof InputError)) throw error;
  return error.mistakes.map(({ where, message }) => `${where}: ${message}`);
}

const changed = (from: string, to: string) => {
  if (!run.includes(from)) throw new Error(`The run has no ${from}.`);
  return run.replace(from, () => to);
};

describe('a table per task in a run file', () => {
  it.each(['', '  memory: 0\n'])('has a data set per task, mixed by a policy %j', async (memory) => {
    const { data, config, joint, alone, tasks } = await prepared(
      changed('  cache: cache\n', `  cache: cache\n${memory}`),
    );
    expect(data.train.sources).toEqual([
      { name: 'price', rows: 28 },
      { name: 'grade', rows: 14 },
    ]);
    expect([data.validation?.size, data.test.size]).toEqual([6, 12]);
    expect(config.tasks[1]).toMatchObject({ classes: ['bad', 'good'] });
    const { schedule } = await joint();
    expect([schedule?.name, schedule?.options]).toEqual(['uniform-mixing', {}]);
    expect((await alone(tasks[1] as never)).data.train.size).toBe(14);
    expect(data.facts?.source).toBe('homes.csv, flats.csv');
  });

  it('is mixed in proportion, without a schedule, unless it says otherwise', async () => {
    for (const mixing of ['', '  mixing: { use: proportional-mixing }\n']) {
      const { data, joint } = await prepared(changed('  mixing: { use: uniform-mixing }\n', mixing));
      expect([data.train.sources.length, (await joint()).schedule]).toEqual([2, undefined]);
    }
  });

  it.each([
    [
      'a table of no task',
      'grade: { source',
      'grades: { source',
      /^run.yaml:5:13: there is no task `grades`.*Did you mean `grade`/,
    ],
    [
      'a task without a table',
      '    price: { source: homes.csv }\n',
      '',
      /^run.yaml:4:5: every task must have a table.*`price`/,
    ],
    [
      'a file that is not there',
      'homes.csv',
      'home.csv',
      /^run.yaml:4:22: there is no file .*Did you mean `homes.csv`/,
    ],
    ['SQL with a mistake', 'SELECT *', 'SELECT sizes', /^run.yaml:5:48: .*sizes/],
    ['a policy that there is not', 'uniform-', 'unifrm-', /^run.yaml:6:18: .*Did you mean `uniform-mixing`/],
    [
      'a label that is not there',
      'name: price',
      'name: price, column: cost',
      /^run.yaml:10:28: there is no column `cost`/,
    ],
    [
      'a weight of no task',
      '  cache: cache',
      '  cache: cache\n  weight: { prize: size }',
      /^run.yaml:8:20: there is no task `prize`/,
    ],
  ])('is refused with its place: %s', async (_, from, to, message) => {
    expect(await mistakesOf(changed(from, to))).toEqual([expect.stringMatching(message)]);
  });
});

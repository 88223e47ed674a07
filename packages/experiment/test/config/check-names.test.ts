import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { checkNames, taskNames } from '../../src/config/check-names.js';
import { loadConfig } from '../../src/config/load-config.js';

async function told(text: string): Promise<string[]> {
  const loaded = await loadConfig({ file: 'run.yaml', cwd: folderWith({ 'run.yaml': text }) });
  checkNames(loaded);
  return loaded.mistakes.mistakes.map(({ where, message }) => `${where.slice('run.yaml:'.length)}: ${message}`);
}

const encoder = '  encoder: { use: mlp, units: [8] }\n';
const withSharing = (lines: string) => changed(encoder, `${encoder}${lines}`);
const branched = (branches: string) =>
  changed('hard-sharing', 'branched-sharing', withSharing(`  tree: { stages: 1, branches: ${branches} }\n`));
const stopping = (text: string) => changed('batchSize: 32', `batchSize: 32, earlyStopping: ${text}`);

describe('checkNames', () => {
  it('has nothing to say about what agrees', async () => {
    expect(await told(smallRun)).toEqual([]);
    expect(await told(withSharing('  head: { use: mlp, units: [4] }\n'))).toEqual([]);
    expect(await told(withSharing('  head: { right: { use: mlp, units: [4] } }\n'))).toEqual([]);
    expect(await told(branched('[left, { stages: 0, branches: [right] }]'))).toEqual([]);
  });

  it('wants seeds that are whole numbers to the last', async () => {
    const largest = Number.MAX_SAFE_INTEGER;
    expect(await told(`${smallRun}seed: ${largest}\n`)).toEqual([]);
    expect(await told(`${smallRun}seed: ${largest - 1}\nrepeat: 3\n`)).toEqual([
      expect.stringMatching(/^11:7: the last of 3 seeds would be above 9007199254740991/),
    ]);
  });

  it('wants every name once', async () => {
    expect(await told(changed('name: right', 'name: left'))).toEqual([
      '6:13: `tasks[0]` is named `left` already; give every task its own name',
    ]);
  });

  it.each(Object.getOwnPropertyNames(Object.prototype))(
    'wants another name than %s, which objects have',
    async (name) => {
      expect(await told(changed('name: right', `name: ${name}, column: right`))).toEqual([
        expect.stringMatching(/^6:13: `\w+` cannot be a task's name, .*; give the task another one, and `column: \w+`/),
      ]);
    },
  );

  it('knows that only compiled steps have threads to choose', async () => {
    expect(await told(`${smallRun}backend: compiled\nthreads: 4\n`)).toEqual([]);
    expect(await told(`${smallRun}backend: wasm\nthreads: 4\n`)).toEqual([
      '12:1: `threads` is for compiled steps, but the backend is `wasm`; leave one of them out',
    ]);
  });

  it('finds heads and adapters of tasks that are not there', async () => {
    expect(
      await told(
        withSharing('  head: { rigth: { use: mlp, units: [4] } }\n  adapters:\n    x: { use: mlp, units: [4] }\n'),
      ),
    ).toEqual([
      '10:11: there is no task `rigth`; expected one of left, right. Did you mean `right`?',
      '12:5: there is no task `x`; expected one of left, right',
    ]);
  });

  it('leaves the options of other packages alone', async () => {
    const text = changed(
      'use: hard-sharing',
      'use: "@acme/own#sharing"',
      withSharing('  head: { body: { use: mlp, units: [4] } }\n'),
    );
    expect(await told(text)).toEqual([]);
  });

  it('finds tasks that are not there in a tree', async () => {
    expect(await told(branched('[left, { stages: 0, branches: [right, lef] }]'))).toEqual([
      expect.stringMatching(/^10:\d+: there is no task `lef`.*Did you mean `left`\?/),
    ]);
  });

  it('wants validation rows for early stopping, and a task that is there', async () => {
    expect(await told(stopping('{ patience: 1 }'))).toEqual([expect.stringMatching(/^10:39: early stopping watches/)]);
    expect(await told(`${stopping('{ patience: 1 }')}split: { validation: 0.1 }\n`)).toEqual([]);
    const text = stopping('{ patience: 1, monitor: { task: lft, metric: accuracy } }');
    expect(await told(`${text}split: { validation: 0.1 }\n`)).toEqual([
      expect.stringContaining('there is no task `lft`'),
    ]);
    const best = stopping('{ patience: 1, monitor: tasks, restoreBest: true }');
    expect(await told(`${best}split: { validation: 0.1 }\n`)).toEqual([]);
    expect(await told(stopping('false'))).toEqual([]);
    expect(await told(stopping('true'))).toEqual([expect.stringMatching(/^10:39: early stopping watches/)]);
  });

  it('freezes tasks only where every one is watched', async () => {
    const toldOf = (options: string) => told(`${stopping(options)}split: { validation: 0.1 }\n`);
    expect(await toldOf('{ freeze: true, monitor: tasks }')).toEqual([]);
    expect(await toldOf('{ freeze: false }')).toEqual([]);
    expect(await toldOf('{ freeze: true }')).toEqual([
      expect.stringMatching(/^10:\d+: tasks can be frozen where .*`monitor: tasks`/),
    ]);
  });

  it('copes with what is no list of tasks', async () => {
    expect(taskNames({ tasks: 3 })).toEqual([]);
    expect(taskNames({ tasks: [{ name: 'a' }, 4, {}] })).toEqual(['a', '', '']);
    const none = smallRun.replace(/tasks:\n(?: {2}-.*\n)+/, 'tasks: []\n');
    expect((await told(none)).some((line) => line.includes('at least one'))).toBe(true);
  });
});

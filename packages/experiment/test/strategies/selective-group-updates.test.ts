// The plan by name in a run file, under the compiler, and taken up again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { selectiveGroupUpdates } from '@polytask/analysis';
import { compiled } from '@polytask/compiler';
import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runExperiment } from '../../src/index.js';

const executors = { compiled: () => compiled() };
const checks = conformance('step-plan', () => selectiveGroupUpdates({ warmUp: 1 }), { executors });
for (const { name, run } of checks.filter((check) => check.name.includes('compiled'))) test(name, run);

test('groups adapt while a run file trains, and the run says how many there were', async () => {
  const rows = Array.from({ length: 60 }, (_, n) => {
    const [u, v] = [Math.sin(n), Math.cos(3 * n)];
    return [u, v, u + v, 0.9 * u + v, u - 2 * v].join();
  });
  const folder = folderWith({ 'rows.csv': ['u,v,a,b,c', ...rows].join('\n') });
  const run = await runExperiment(
    {
      data: { use: 'table', source: 'rows.csv', features: { u: 'number', v: 'number' } },
      split: { validation: 0, test: 0.2 },
      tasks: ['a', 'b', 'c'].map((name) => ({ name, type: 'regression' })),
      sharing: { use: 'hard-sharing', encoder: { use: 'tabular', units: [8] } },
      balancing: { use: 'selective-group-updates', warmUp: 4, groups: [['a'], ['b'], ['c']] },
      training: { epochs: 3, batchSize: 16, earlyStopping: false },
      backend: 'cpu',
    },
    { folder },
  );
  expect(run.joint).toMatchObject({ epochs: 3, steps: 9, tasks: { c: expect.anything() } });
  const last = JSON.parse(readFileSync(join(run.folder, 'metrics.jsonl'), 'utf8').trim().split('\n').at(-1) as string);
  expect(last.logged['selective-group-updates/groups']).toBeLessThan(3);
});

import { perTaskDatasets } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { banditSchedule } from './methods/bandit-schedule.js';
import { gradNorm } from './methods/grad-norm.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectResumes, trained } from './support/runs.js';
import { toyTable, toyTasks } from './support/toy-data.js';

const names = ['a', 'b', 'c'];
const tables = Object.fromEntries(names.map((name, i) => [name, toyTable([name], 8 * (i + 1), {}, name)]));
const train = perTaskDatasets(tables);
const options = () => ({ tasks: toyTasks(...names), sharing: tinySharing(), schedule: banditSchedule() });

test('a bandit chooses one task per step, sees its loss, and is asked once per step', async () => {
  await trained(options(), train, { epochs: 3, batchSize: 4 }, ({ events, checkpoint }) => {
    expect(events.length).toBe(36);
    const chosen = events.map(({ losses }) => names.filter((name) => !Number.isNaN(losses[name])));
    expect(chosen.every((tasks) => tasks.length === 1)).toBe(true);
    expect(chosen.slice(0, 3).flat()).toEqual(names);
    for (const { losses, weights } of events) {
      for (const name of names) expect(weights[name]).toBe(Number.isNaN(losses[name]) ? 0 : 1);
    }
    const { counts } = checkpoint.state.schedule as { counts: number[] };
    expect(counts).toEqual(names.map((name) => chosen.flat().filter((one) => one === name).length));
    expect(Math.max(...counts)).toBeGreaterThan(Math.min(...counts) + 2);
  });
});

test('a bandit needs a data set per task, and says so', async () => {
  await expect(trained(options(), toyTable(names, 8), { epochs: 1 })).rejects.toThrow(
    '`bandit` chooses rows of each task',
  );
});

test.each([undefined, pcgrad(), gradNorm()])('a bandit resumes (%#)', async (balancing) => {
  const all = () => ({ ...options(), balancing });
  await expectResumes(all, train, { epochs: 2, batchSize: 4 }, 7);
  await expectResumes(all, train, { epochs: 2, batchSize: 4 }, 12);
});

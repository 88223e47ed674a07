import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eager } from '@polytask/core';
import { beforeEach, expect, it, vi } from 'vitest';
import { changed } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { prepared } from '../../../../test/support/prepared.js';
import type { PreparedRun } from '../../src/parts/prepare-run.js';
import { executeRun } from '../../src/run/execute-run.js';
import { noProgress } from '../../src/run/progress.js';
import { readDocument } from '../../src/run/read-document.js';
import { findResumePoint, goBackTo } from '../../src/run/resume-point.js';
import { openRunFolder } from '../../src/run/run-folder.js';

const taught = changed(
  'training:',
  'auxiliary: [{ use: distill, teachers: single-task }, { use: feature-distillation, teachers: single-task, weight: 0.1 }]\ntraining:',
);

let cache = '';
beforeEach(() => {
  cache = folderWith();
  vi.stubEnv('POLYTASK_CACHE', cache);
  return () => vi.unstubAllEnvs();
});

/** Runs, and gives the labels of what was trained, in order. */
async function go(run: PreparedRun, path = folderWith(), stopAt?: string, begun?: Parameters<typeof executeRun>[2]) {
  const trained: string[] = [];
  const controller = new AbortController();
  const warnings: string[] = [];
  const progress = {
    ...noProgress,
    begin: ({ label }: { label: string }) => void trained.push(label),
    step: () => void (trained.at(-1)?.includes(stopAt ?? '…') && controller.abort()),
    warn: (message: string) => void warnings.push(message),
  };
  const around = {
    folder: openRunFolder(path),
    signal: controller.signal,
    progress,
    executor: eager(),
    backend: () => ({ name: 'cpu', wanted: 'cpu' }) as const,
    versions: { node: '20' },
    began: performance.now(),
  };
  const document = await executeRun(run, around, begun);
  return { document, trained, warnings };
}

const alone = (task: string) => `Training task ${task} alone, to teach`;
const together = 'Training 2 tasks together';
const withoutTimes = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, one) => (key === 'seconds' ? undefined : one)));

it('trains a network for each task first, and has them for the comparison and for other runs', async () => {
  const first = await go(await prepared(taught));
  expect(first.trained).toEqual([alone('left'), alone('right'), together]);
  expect(first.document).toMatchObject({ status: 'done', deltaM: { improvementPercentByTask: {} } });
  expect(Object.keys(first.document.singleTask ?? {})).toEqual(['left', 'right']);
  // The same content once more: nothing of it is trained again, and the numbers are the same.
  const second = await go(await prepared(taught));
  expect(second.trained).toEqual([together]);
  expect(withoutTimes(second.document.joint)).toEqual(withoutTimes(first.document.joint));
  expect(withoutTimes(second.document.singleTask)).toEqual(withoutTimes(first.document.singleTask));
  // What else the joint network is makes no difference to its teachers; how they are trained does.
  const other = taught.replace('weight: 0.1', 'weight: 0.2, tasks: [left]');
  expect((await go(await prepared(other))).trained).toEqual([together]);
  const longer = await go(await prepared(taught, ['training.epochs=2']));
  expect(longer.trained).toEqual([alone('left'), alone('right'), together]);
  expect(readdirSync(cache).filter((name) => name.startsWith('teacher-')).length).toBe(4);
});

it('trains teachers of those tasks only that are taught', async () => {
  const one = taught.replaceAll('teachers: single-task', 'teachers: single-task, tasks: [right]');
  const { trained, document } = await go(await prepared(one));
  expect(trained).toEqual([alone('right'), together]);
  expect(document).toMatchObject({ status: 'done' });
  expect(document).not.toHaveProperty('deltaM');
});

it('trains again what cannot be read', async () => {
  await go(await prepared(taught));
  for (const name of readdirSync(cache)) writeFileSync(join(cache, name, 'result.json'), '{');
  expect((await go(await prepared(taught))).trained).toEqual([alone('left'), alone('right'), together]);
});

it.each([alone('right'), together])('goes on after it was stopped: %s', async (stopAt) => {
  // A run that nobody stops, with a cache of its own.
  vi.stubEnv('POLYTASK_CACHE', folderWith());
  const whole = await go(await prepared(taught));
  vi.stubEnv('POLYTASK_CACHE', cache);
  const path = folderWith();
  const stopped = await go(await prepared(taught), path, stopAt);
  expect(stopped.document.status).toBe('interrupted');
  const run = await prepared(taught);
  const { document } = await readDocument(path, path);
  const point = await findResumePoint(run, document, openRunFolder(path), path);
  expect(point.network).toBe(stopAt === together ? 'joint' : 'single-task-2');
  expect(point.checkpoint).toBeDefined();
  await goBackTo(point, openRunFolder(path));
  const ended = await go(run, path, undefined, { document, checkpoint: point.checkpoint });
  expect(ended.trained).toEqual(stopAt === together ? [together] : [alone('right'), together]);
  expect(ended.document.status).toBe('done');
  expect(withoutTimes(ended.document.joint)).toEqual(withoutTimes(whole.document.joint));
});

it('has teachers of its own for every seed', async () => {
  const { trained, document } = await go(await prepared(taught, ['repeat=2']));
  const first = ', seed 0 (1 of 2)';
  const second = ', seed 1 (2 of 2)';
  expect(trained).toEqual(
    [first, second].flatMap((which) => [alone('left'), alone('right'), together].map((one) => one + which)),
  );
  expect(document).toMatchObject({
    status: 'done',
    teachers: ['left', 'right'],
    repeats: [{ seed: 1, singleTask: { left: {}, right: {} } }],
  });
  expect(readdirSync(cache).filter((name) => name.startsWith('teacher-')).length).toBe(4);
});

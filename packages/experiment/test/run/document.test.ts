import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { metricsLineSchema, type RunDocument, readDocument, readMetrics, runDocumentSchema } from '../../src/index.js';

/** A document with everything that there can be. */
const document = {
  format: 2,
  name: 'run',
  status: 'interrupted',
  folder: '/runs/run-1',
  file: '/run.yaml',
  given: { seed: 1 },
  config: { seed: 1, threads: 2 },
  seed: 1,
  versions: { polytask: '0.1.0' },
  backend: { name: 'cpu', wanted: 'auto', threads: 2, reason: 'it is there', before: 'wasm' },
  started: '2026-01-01T00:00:00Z',
  finished: '2026-01-01T00:01:00Z',
  data: { fingerprint: 'sha256:0' },
  rows: { train: 8, validation: 0, test: 2 },
  fingerprints: { train: 'sha256:1', test: 'sha256:2' },
  resumed: [{ at: '2026-01-01T00:00:30Z', from: null, versions: { polytask: '0.0.9' } }],
  tasks: [{ name: 'y', type: 'regression', primaryMetric: 'mae', better: { mae: 'lower' } }],
  joint: {
    parameters: 9,
    epochs: 2,
    steps: 6,
    stopped: 'epochs',
    seconds: { training: 1.5, evaluation: 0.1 },
    tasks: { y: { loss: 0.5, mae: null } },
  },
  singleTask: {
    y: { parameters: 9, epochs: 1, steps: 3, stopped: 'signal', seconds: { training: 1, evaluation: 0 } },
  },
  deltaM: null,
  seconds: 60,
  error: { code: 'ENOSPC', message: 'full' },
};

/** Every place in a plain value, the whole value left out. */
function placesIn(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, item]) =>
    placesIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inside : [path, ...inside];
}

/** The value with something else at one place. */
function changed(value: unknown, [key, ...more]: (string | number)[], to: unknown): unknown {
  if (key === undefined) return to;
  const copy: Record<string | number, unknown> = (
    Array.isArray(value) ? [...value] : { ...(value as object) }
  ) as never;
  copy[key] = changed(copy[key], more, to);
  return copy;
}

describe('runDocumentSchema', () => {
  it('takes a document with all that there can be, and one that has just begun', () => {
    expect(runDocumentSchema.safeParse(document).error).toBeUndefined();
    const { finished, data, resumed, joint, singleTask, deltaM, seconds, error, ...begun } = document;
    expect(runDocumentSchema.safeParse(begun).error).toBeUndefined();
  });

  it('knows every key: whatever is of another type is refused at its place', () => {
    const free = /^(given|config|data)\.|^joint\.tasks\.y\./;
    const places = placesIn(document).filter((path) => !free.test(path.join('.')));
    expect(places.length).toBeGreaterThan(50);
    for (const path of places) {
      const { error } = runDocumentSchema.safeParse(changed(document, path, () => {}));
      expect(error?.issues.map(({ path: at }) => at)).toEqual([path]);
    }
  });
});

describe('readDocument', () => {
  it('says every mistake in words', async () => {
    const folder = folderWith();
    const write = (value: unknown) => writeFileSync(join(folder, 'run.json'), JSON.stringify(value, null, 2));
    write({ ...document, later: 'unknown' });
    expect((await readDocument(folder, 'run')).document).toEqual({ ...document, later: 'unknown' });
    write({ ...document, status: 'tired', backend: { ...document.backend, name: 'tpu' } });
    await expect(readDocument(folder, 'run')).rejects.toMatchObject({
      mistakes: [
        { where: 'run/run.json', message: expect.stringMatching(/^`status`: found "tired", expected one of .*"done"/) },
        { where: 'run/run.json', message: expect.stringMatching(/^`backend\.name`: found "tpu", expected one of/) },
      ],
    });
    const typed: Pick<RunDocument, 'status'> = { status: 'done' };
    expect(typed.status).toBe('done');
  });
});

describe('readMetrics', () => {
  const line = { network: 'joint', epoch: 1, seconds: 0.5, steps: 3, tasks: { y: { loss: null, weight: 1 } } };
  const more = {
    ...line,
    network: 'single-task',
    task: 'y',
    auxiliary: { a: 1 },
    logged: { 'p/n': 2 },
    cosines: [[1]],
    gradientNorms: { y: 2 },
  };

  it('gives the epochs that are whole', async () => {
    expect([line, more].map((one) => metricsLineSchema.safeParse(one).success)).toEqual([true, true]);
    const text = [line, { ...line, epoch: 0 }, more].map((one) => JSON.stringify(one)).join('\n');
    const folder = folderWith({ 'metrics.jsonl': `${text}\n{"network":"jo` });
    expect(await readMetrics(folder)).toEqual([line, more]);
  });

  it('says where there is none', async () => {
    await expect(readMetrics(folderWith())).rejects.toThrow(/metrics\.jsonl.*no epoch of a run has ended here/);
  });
});

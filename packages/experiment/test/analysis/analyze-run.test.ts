import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformFloats } from '@polytask/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { folderWith } from '../../../../test/support/folder.js';
import {
  type AnalysisDocument,
  analysisSchema,
  analyzeRun,
  InputError,
  noProgress,
  runExperiment,
} from '../../src/index.js';

// a and b are the same function of u and k, apart from scale; c is another, of v; d says whether v is above 0. Labels of c are rare.
const rows = 300;
const numbers = uniformFloats(rows * 3, 'analysed').map((u) => 2 * u - 1);
const table = [
  'u,v,k,a,b,c,d',
  ...Array.from({ length: rows }, (_, n) => {
    const [u, v, noise] = numbers.subarray(3 * n, 3 * n + 3) as unknown as [number, number, number];
    const kind = n % 3;
    const a = Math.sin(3 * u) + kind - 0.05 * noise;
    const c = n % 2 === 0 ? '' : String(Math.sin(3 * v));
    return [u, v, `k${kind}`, a, -5 * a + 3 + 0.05 * noise, c, v > 0 ? 'up' : 'down'].join();
  }),
].join('\n');

const config = {
  data: { use: 'table', source: 'rows.csv', features: { u: 'number', v: 'number', k: 'category' } },
  split: { validation: 0, test: 0.3 },
  tasks: [
    { name: 'a', type: 'regression' },
    { name: 'b', type: 'regression' },
    { name: 'c', type: 'regression' },
    { name: 'd', type: 'classification' },
  ],
  sharing: { use: 'hard-sharing', encoder: { use: 'tabular', units: [16, 8], activation: 'tanh' } },
  optimizer: { use: 'adam', learningRate: 0.02 },
  training: { epochs: 12, batchSize: 32, earlyStopping: false },
  backend: 'cpu',
};

describe('an analysis', () => {
  const folder = mkdtempSync(join(tmpdir(), 'polytask-analysis-'));
  const notes: string[] = [];
  let found: AnalysisDocument;
  const pair = (one: string, other: string) => {
    const names = found.tasks.map(({ name }) => name);
    return [names.indexOf(one), names.indexOf(other)] as const;
  };
  const at = (matrix: (number | null)[][] | undefined, one: string, other: string) => {
    const [i, j] = pair(one, other);
    return matrix?.[i]?.[j] as number;
  };

  beforeAll(async () => {
    writeFileSync(join(folder, 'rows.csv'), table);
    const progress = { ...noProgress, note: (text: string) => void notes.push(text) };
    found = await analyzeRun(config, { folder, progress });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('leaves a document that its schema knows, and says what it did', () => {
    expect(found).toMatchObject({ format: 1, status: 'done', skipped: [], rows: { train: 210, test: 90 } });
    expect(found.folder).toBe(join(folder, 'runs/experiment-analysis-1'));
    const written = JSON.parse(readFileSync(join(found.folder, 'analysis.json'), 'utf8'));
    expect(analysisSchema.parse(written)).toEqual(found);
    expect(notes.filter((note) => note.startsWith('Measuring'))).toHaveLength(found.stages.length);
  });

  it('leaves a page with a picture of every matrix, that needs nothing from elsewhere', () => {
    const html = readFileSync(join(found.folder, 'analysis.html'), 'utf8');
    const titles = [...html.matchAll(/<figcaption><bdi>([^<]*)/g)].map(([, title]) => title);
    expect(titles).toEqual([
      ...['Dependence of labels', 'Affinity between tasks', 'Who helps whom', 'Cosines between gradients'],
      ...['Share of looks in conflict', 'CKA', 'Clusters by features', 'A head on the features of others'],
      'LogME against own features',
      ...['Importance of inputs', 'Overlap of inputs', 'Overlap of units'],
    ]);
    expect(html).not.toMatch(/<script|(?:src|href)="http/);
    for (const title of ['Errors', 'Groups']) expect(html).toContain(`<h2><bdi>${title}</bdi></h2>`);
  });

  it('finds what labels say', () => {
    const { coLabelled, pairs } = found.labels as NonNullable<typeof found.labels>;
    expect(coLabelled[0]?.[0]).toBe(210);
    expect(coLabelled[0]?.[2]).toBeLessThan(130);
    const [ab, ac] = [pairs[0], pairs[1]];
    expect(ab).toMatchObject({ tasks: ['a', 'b'], measure: 'pearson', pValue: 1 / 201 });
    expect(ab?.value).toBeLessThan(-0.98);
    expect(Math.abs(ac?.value as number)).toBeLessThan(0.3);
    expect(pairs.at(-1)).toMatchObject({ tasks: ['c', 'd'], measure: 'correlation-ratio' });
  });

  it('finds that a and b, and c and d, have to do with each other: by gradients, features, inputs, heads', () => {
    const { observed, features, inputs, transfer, units } = found;
    for (const matrix of [observed?.cosine, features?.cka, features?.rsa, inputs?.overlap, units?.overlap]) {
      expect(at(matrix, 'a', 'b')).toBeGreaterThan(at(matrix, 'a', 'c'));
      expect(at(matrix, 'c', 'd')).toBeGreaterThan(at(matrix, 'b', 'd'));
    }
    expect(at(observed?.affinity, 'a', 'b')).toBeGreaterThan(0);
    expect(inputs?.columns).toEqual(['u', 'v', 'k']);
    expect(at(transfer?.headGains, 'a', 'b')).toBeGreaterThan(at(transfer?.headGains, 'c', 'b'));
    expect(at(transfer?.logMe, 'b', 'a')).toBeGreaterThan(at(transfer?.logMe, 'c', 'a'));
    // No classes, no such scores.
    expect(at(transfer?.leep, 'a', 'b')).toBeNull();
    expect(at(transfer?.hScore, 'c', 'd')).toBeGreaterThan(at(transfer?.hScore, 'a', 'd'));
    expect(found.errors?.pairs).toHaveLength(6);
  });

  it('groups them so, and writes a run that trains the groups', async () => {
    const two = found.grouping?.byBudget[1];
    expect(two?.groups.map((group) => group.join('')).sort()).toEqual(['ab', 'cd']);
    expect(found.grouping).toMatchObject({ suggested: 2, sharing: { use: 'branched-sharing' } });
    expect(readdirSync(found.folder).sort()).toEqual([
      ...['analysis.html', 'analysis.json', 'group-1.yaml', 'group-2.yaml', 'grouped.yaml'],
    ]);
    const first = readFileSync(join(found.folder, 'group-1.yaml'), 'utf8');
    expect(first).toMatch(/^# Group 1 of experiment: (a, b; for a, b|c, d; for c, d)\.\n/);
    expect(parse(first).tasks).toHaveLength(2);
    const grouped = parse(readFileSync(join(found.folder, 'grouped.yaml'), 'utf8'));
    expect(grouped).toMatchObject({ data: { source: '../../rows.csv' }, sharing: { tree: { stages: 2 } } });
    const once = { ...grouped, training: { ...grouped.training, epochs: 1 } };
    const { joint } = await runExperiment(once, { folder: found.folder });
    expect(joint?.tasks).toHaveProperty('d');
  });
});

describe('an analysis of joint runs', () => {
  const training = { ...config.training, epochs: 1 };

  it('trains every pair and all but each once, with every seed, and says so before', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const notes: string[] = [];
    const labels: string[] = [];
    const progress = {
      ...noProgress,
      note: (text: string) => void notes.push(text),
      begin: ({ label }: { label: string }) => void labels.push(label),
    };
    const joint = ['pairs', 'leave-one-out'] as const;
    const two = await analyzeRun(
      { ...config, tasks: config.tasks.slice(0, 3), training, repeat: 2 },
      { folder, progress, joint },
    );
    expect(notes[0]).toBe(
      'Trainings: 1 of all tasks, 3 of one alone, 3 of pairs, 3 with one task left out; what is the same is trained once: 7 with each of 2 seeds, 14 in all',
    );
    expect(labels).toHaveLength(14);
    expect(labels.at(-1)).toBe('Training 10 of 10: b, c, seed 1');
    const { jointRuns } = two;
    expect(jointRuns?.trained.map(({ tasks }) => tasks.join(''))).toEqual([
      ...['abc', 'a', 'b', 'c', 'ab', 'ac', 'bc', 'abc', 'a', 'b', 'c', 'ab', 'ac', 'bc'],
    ]);
    expect(jointRuns).toMatchObject({ seeds: [0, 1], cover: { suggested: expect.any(Number) } });
    expect(jointRuns?.approximation).toHaveLength(3);
    const [whole, , , , pair] = jointRuns?.trained ?? [];
    // The networks of the first seed are those that were trained before.
    expect(whole?.scores.c).toBe(two.joint?.tasks?.c?.rmse);
    // As a run of the pair by itself that has the same features.
    const data = { ...config.data, exclude: ['c'] };
    const alone = await runExperiment({ ...config, data, tasks: config.tasks.slice(0, 2), training }, { folder });
    expect(alone.joint?.tasks?.b?.rmse).toBe(pair?.scores.b);
    const html = readFileSync(join(two.folder, 'analysis.html'), 'utf8');
    for (const title of ['Gains of pairs', 'Among all tasks', 'Synergy']) {
      expect(html).toContain(`<figcaption><bdi>${title}</bdi>`);
    }
  });

  it('trains pairs of tasks that have data sets of their own, and takes what it has when it is stopped', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const tables = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { source: 'rows.csv' }]));
    const stop = new AbortController();
    let begun = 0;
    const progress = {
      ...noProgress,
      begin: () => void begun++,
      step: () => begun === 6 && stop.abort(),
    };
    const found = await analyzeRun(
      {
        ...config,
        data: { use: 'task-tables', tables, features: { u: 'number', v: 'number' } },
        tasks: config.tasks.slice(0, 3),
        training,
      },
      { folder, progress, signal: stop.signal, joint: ['pairs'] },
    );
    expect(found.jointRuns?.trained.map(({ tasks }) => tasks.join(''))).toEqual(['abc', 'a', 'b', 'c', 'ab']);
    expect(found.jointRuns?.pairs?.gains[0]?.[1]).toEqual(expect.any(Number));
    expect(found.jointRuns?.pairs?.gains[0]?.[2]).toBeNull();
    expect(found).toMatchObject({ status: 'interrupted' });
    expect(found.skipped).toContainEqual({ stage: 'some seeds and sets of pairs', reason: 'the analysis was stopped' });
  });

  it('refuses sets that there are not', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const told = (tasks: readonly object[], joint: readonly string[]) =>
      analyzeRun({ ...config, tasks, training }, { folder, joint: joint as never }).catch(
        (error: InputError) => error.mistakes[0],
      );
    expect(await told(config.tasks, ['triples'])).toEqual({
      where: 'joint',
      message: 'there is no `triples`; expected pairs or leave-one-out, or both with a comma between them',
    });
    expect(await told(config.tasks.slice(0, 1), ['pairs'])).toEqual({
      where: 'joint',
      message: 'this takes at least two tasks, but the run has one',
    });
    expect(readdirSync(folder)).not.toContain('runs');
  });
});

describe('an analysis that cannot have everything', () => {
  const small = { ...config, training: { ...config.training, epochs: 1 } };

  it('begins nothing for which no time is left', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const found = await analyzeRun(small, { folder, output: 'here', budgetSeconds: 1e-9 });
    expect(found).toMatchObject({ status: 'done', stages: [] });
    expect(found.skipped[0]).toEqual({ stage: 'how labels depend on each other', reason: 'no time was left' });
    expect(readdirSync(join(folder, 'here'))).toEqual(['analysis.html', 'analysis.json']);
  });

  it('keeps what it has when it is stopped', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const stop = new AbortController();
    const progress = { ...noProgress, step: () => stop.abort() };
    const found = await analyzeRun(small, { folder, progress, signal: stop.signal });
    expect(found).toMatchObject({ status: 'interrupted', joint: { stopped: 'signal' }, labels: { rows: 210 } });
    expect(found).not.toHaveProperty('singleTask');
    // Affinities of part of a training suggest no groups.
    expect(found).not.toHaveProperty('grouping');
    const html = readFileSync(join(found.folder, 'analysis.html'), 'utf8');
    expect(html).toContain('stopped before its end');
    expect(readdirSync(found.folder)).toEqual(['analysis.html', 'analysis.json']);
  });

  it('leaves no run files when it is stopped after groups could be told', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const stop = new AbortController();
    let begun = 0;
    const progress = { ...noProgress, begin: () => void begun++, step: () => begun === 2 && stop.abort() };
    const found = await analyzeRun(config, { folder, progress, signal: stop.signal });
    expect(found).toMatchObject({ status: 'interrupted', joint: { stopped: 'epochs' }, grouping: { suggested: 2 } });
    expect(readdirSync(found.folder)).toEqual(['analysis.html', 'analysis.json']);
  });

  it('of one task, and of tasks with data sets of their own, measures what there is', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const one = await analyzeRun({ ...small, tasks: [{ name: 'a', type: 'regression' }] }, { folder });
    expect(one).toMatchObject({ status: 'done', labels: { pairs: [] } });
    expect(one).not.toHaveProperty('grouping');
    const tables = { a: { source: 'rows.csv' }, c: { source: 'rows.csv' } };
    const apart = await analyzeRun(
      {
        ...small,
        data: { use: 'task-tables', tables, features: { u: 'number', v: 'number' } },
        tasks: [
          { name: 'a', type: 'regression' },
          { name: 'c', type: 'regression' },
        ],
      },
      { folder },
    );
    expect(apart.skipped[0]?.reason).toBe('the tasks have data sets of their own');
    expect(apart.grouping?.byBudget).toHaveLength(2);
    expect(apart.gains).toHaveProperty('a');
  });

  it('leaves out terms that learn from teachers, and says so', async () => {
    const folder = folderWith({ 'rows.csv': table });
    const said: string[] = [];
    const progress = { ...noProgress, note: (text: string) => void said.push(text) };
    const taught = { ...small, auxiliary: [{ use: 'distill', teachers: 'single-task' }] };
    const found = await analyzeRun(taught, { folder, progress, joint: ['leave-one-out'] });
    expect(found).toMatchObject({ status: 'done', gains: { a: expect.anything() } });
    expect(said).toContain('Terms that learn from teachers are left out of what is measured.');
  });

  it('refuses mistakes, and a folder that is not empty, before anything is trained', async () => {
    const folder = folderWith({ 'rows.csv': table, 'here/file': '' });
    const wrong = await analyzeRun({ ...small, tasks: [] }, { folder }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(InputError);
    const full = await analyzeRun(small, { folder, output: 'here' }).catch((error: unknown) => error);
    expect(full).toMatchObject({ mistakes: [{ where: 'output' }] });
  });
});

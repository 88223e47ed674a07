import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { decodeCheckpoint } from '@polytask/core';
import { loadCheckpoint } from '@polytask/core/node';
import { describe, expect, it } from 'vitest';
import { changed } from '../../../../test/support/configs.js';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

// Whole epochs of 3 steps; dropout, early stopping and two networks alone have state of their own.
const config = `${changed(
  'training: { epochs: 1, batchSize: 32 }',
  `split: { validation: 0.25 }
training:
  epochs: 3
  batchSize: 24
  earlyStopping: { patience: 1, restoreBest: true }
  checkpoints: { everySteps: 2, keepBest: mean }
compare: single-task
backend: cpu`,
).replace('units: [8]', 'units: [8], dropout: 0.2')}`;

async function polytask(args: readonly string[], cwd: string, stopWhen?: (text: string) => boolean) {
  const controller = new AbortController();
  const { io, stdout, stderr } = fakeIo(cwd, controller.signal);
  io.stderr.on('data', (text: Buffer) => stopWhen?.(text.toString()) && controller.abort());
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

/** What two runs share: all but times and names of folders. */
async function outcome(folder: string) {
  const timeless = (json: string) => JSON.parse(json, (key, value) => (key === 'seconds' ? undefined : value));
  const { joint, singleTask, deltaM, repeats, overSeeds, status, fingerprints } = timeless(
    readFileSync(join(folder, 'run.json'), 'utf8'),
  );
  const metrics = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trim().split('\n').map(timeless);
  const model = await decodeCheckpoint(readFileSync(join(folder, 'model.safetensors')));
  return { joint, singleTask, deltaM, repeats, overSeeds, status, fingerprints, metrics, model, files: files(folder) };
}

const files = (folder: string) => readdirSync(folder, { recursive: true }).map(String).sort();

/** Everything in a folder, to see that nothing changes. */
const contents = (folder: string) =>
  files(folder).map((name) => {
    const path = join(folder, name);
    return [name, existsSync(join(path, '.')) ? '' : readFileSync(path).toString('base64')];
  });

/** A run that was stopped within its second epoch. */
async function stoppedRun() {
  const cwd = folderWith({ 'run.yaml': config });
  const stopped = await polytask(['train', 'run.yaml', '-o', 'out'], cwd, (text) => text.includes('epoch 1/3'));
  expect([stopped.code, stopped.stderr]).toEqual([undefined, expect.stringContaining('polytask train --resume out\n')]);
  return { cwd, out: join(cwd, 'out'), checkpoints: join(cwd, 'out/checkpoints/joint'), stopped };
}

describe('polytask train --resume', () => {
  it('goes on to the same numbers as a run that was not stopped, wherever that was', async () => {
    const whole = folderWith({ 'run.yaml': config });
    expect((await polytask(['train', 'run.yaml', '-o', 'out'], whole)).code).toBe(0);
    const wanted = await outcome(join(whole, 'out'));
    expect(wanted.metrics.length).toBeGreaterThan(5);

    for (const where of ['epoch 1/3', 'Training task left alone', 'Training task right alone']) {
      const cwd = folderWith({ 'run.yaml': config });
      const first = await polytask(['train', 'run.yaml', '-o', 'out'], cwd, (text) => text.includes(where));
      expect(first.code).toBeUndefined();
      const second = await polytask(['train', '--resume', 'out'], cwd);
      expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('Going on with out from')]);
      expect(await outcome(join(cwd, 'out'))).toEqual(wanted);
      expect(second.stdout).toMatch(/^task .*Δm\n/);
    }
  });

  it('goes on with further seeds to the same numbers', async () => {
    const quick = changed('epochs: 1, batchSize: 32', 'epochs: 2, batchSize: 48');
    const repeated = `${quick}seed: 3\nrepeat: 2\ncompare: single-task\nbackend: cpu\n`;
    const whole = folderWith({ 'run.yaml': repeated });
    const first = await polytask(['train', 'run.yaml', '-o', 'out'], whole);
    expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/Over seeds 3 to 4, on the same rows/)]);
    const wanted = await outcome(join(whole, 'out'));
    expect(wanted.metrics.filter(({ seed }) => seed === 4)).toHaveLength(6);
    expect(wanted.files.filter((name) => name.includes('repeat-'))).toEqual([]);
    for (const where of ['seed 4 (2 of 2): 2', 'task right alone, to compare, seed 4']) {
      const cwd = folderWith({ 'run.yaml': repeated });
      const stopped = await polytask(['train', 'run.yaml', '-o', 'out'], cwd, (text) => text.includes(where));
      expect([stopped.code, stopped.stderr]).toEqual([
        undefined,
        expect.stringMatching(/Stopped while .*seed 4, step/),
      ]);
      expect((await polytask(['train', '--resume', 'out'], cwd)).code).toBe(0);
      expect(await outcome(join(cwd, 'out'))).toEqual(wanted);
    }
  });

  it('prints a run that is done once more', async () => {
    const cwd = folderWith({ 'run.yaml': config });
    const first = await polytask(['train', 'run.yaml', '-o', 'out', '--set', 'training.epochs=1', '-q'], cwd);
    const before = contents(join(cwd, 'out'));
    const again = await polytask(['train', '--resume', 'out', '-q'], cwd);
    expect([again.code, again.stdout]).toEqual([0, first.stdout]);
    expect(contents(join(cwd, 'out'))).toEqual(before);
  });

  it('takes the checkpoint before where the newest is damaged, and says so', async () => {
    const { cwd, out, checkpoints } = await stoppedRun();
    const [older = '', newest = ''] = readdirSync(checkpoints).sort();
    truncateSync(join(checkpoints, newest), 1000);
    const { code, stderr } = await polytask(['train', '--resume', 'out'], cwd);
    expect(code).toBe(0);
    expect(stderr).toContain(`out/checkpoints/joint/${newest} cannot be used:`);
    expect(stderr).toContain(`Going on from the one before it, out/checkpoints/joint/${older}.`);
    expect(files(out)).toContain(`checkpoints/joint/${newest}.damaged`);
    const metrics = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim().split('\n');
    const joint = metrics.map((line) => JSON.parse(line)).filter(({ network }) => network === 'joint');
    expect(joint.map(({ epoch }) => epoch)).toEqual([...joint.keys()].map((index) => index + 1));
  });

  it('begins a network anew that has no checkpoint yet', async () => {
    const { cwd, checkpoints } = await stoppedRun();
    rmSync(checkpoints, { recursive: true });
    const { code, stderr } = await polytask(['train', '--resume', 'out'], cwd);
    expect([code, stderr]).toEqual([0, expect.stringContaining('from the beginning, as it has no checkpoint yet')]);
  });

  it('computes with what made the checkpoint, whatever `auto` would take here, or says that it cannot', async () => {
    const quick = changed('epochs: 1, batchSize: 32', 'epochs: 3, batchSize: 32');
    const cwd = folderWith({ 'run.yaml': `${quick}backend: wasm\n` });
    expect((await polytask(['train', 'run.yaml', '-o', 'whole'], cwd)).code).toBe(0);
    const args = ['train', 'run.yaml', '-o', 'out'];
    expect((await polytask(args, cwd, (text) => text.includes('epoch 1/3'))).code).toBeUndefined();
    const file = join(cwd, 'out/run.json');
    const run = JSON.parse(readFileSync(file, 'utf8'));
    // As if `auto` had taken wasm for want of ONNX Runtime, which is here now.
    const given = { ...run.given, backend: 'auto' };
    const write = (backend: object) => writeFileSync(file, JSON.stringify({ ...run, given, backend }));

    write({ name: 'cpu', wanted: 'auto', before: 'bogus' });
    expect((await polytask(['train', '--resume', 'out'], cwd)).stderr).toMatch(
      /`backend\.before`: found "bogus", expected one of .*"cpu"/,
    );
    const checkpoints = join(cwd, 'out/checkpoints');
    renameSync(checkpoints, `${checkpoints}.away`);
    process.env.POLYTASK_NATIVE_FOLDER = join(cwd, 'nothing');
    write({ name: 'node', wanted: 'auto' });
    const before = contents(join(cwd, 'out'));
    const refused = await polytask(['train', '--resume', 'out'], cwd);
    delete process.env.POLYTASK_NATIVE_FOLDER;
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(
        /--resume out: the run was computed by `node` so far, .*; that cannot be had here: .*tfjs-node/,
      ),
    ]);
    expect(contents(join(cwd, 'out'))).toEqual(before);
    renameSync(`${checkpoints}.away`, checkpoints);

    // It left wasm after the checkpoint from which it goes on.
    write({ name: 'cpu', wanted: 'auto', before: 'wasm', reason: 'wasm has no kernel X' });
    const { code, stderr } = await polytask(['train', '--resume', 'out'], cwd);
    expect([code, stderr]).toEqual([0, expect.stringContaining('Backend: wasm, since the run began with it\n')]);
    expect(JSON.parse(readFileSync(file, 'utf8')).backend).toMatchObject({ name: 'wasm', wanted: 'auto' });
    const model = async (folder: string) => (await loadCheckpoint(join(cwd, folder, 'model.safetensors'))).tensors;
    expect(await model('out')).toEqual(await model('whole'));
  });

  it('refuses what does not belong to the run, and changes nothing', async () => {
    const { cwd, out, checkpoints } = await stoppedRun();
    writeFileSync(join(cwd, 'other.yaml'), config.replace('units: [8]', 'units: [9]'));
    const run = readFileSync(join(out, 'run.json'), 'utf8');
    const refused = async (args: readonly string[], message: string | RegExp) => {
      const before = contents(out);
      const { code, stderr } = await polytask(['train', ...args], cwd);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
      expect(contents(out)).toEqual(before);
    };
    await refused(
      ['other.yaml', '--resume', 'out'],
      /^other\.yaml:9:\d+: found 9, but the run began with 8 \(out\/run\.json\)/,
    );
    await refused(
      ['--resume', 'out', '--set', 'training.epochs=5'],
      /^--set training\.epochs=5: found 5, but the run began/,
    );
    await refused(['--resume', 'out', '--seed', '4'], /^--seed 4: found 4/);
    await refused(['--resume', 'out', '--output', 'new'], /^--output new: a run goes on in its own folder/);
    await refused(['--resume', 'nowhere'], /^nowhere: there is no such folder/);
    await refused(['--resume', '.'], /^\.: there is no run\.json in this folder/);
    await refused(['--resume', 'run.yaml'], /^run\.yaml: this is a file; name a run folder/);
    await refused([], /name the YAML file of a run/);

    const write = (changes: object) =>
      writeFileSync(join(out, 'run.json'), JSON.stringify({ ...JSON.parse(run), ...changes }));
    write({ format: 1 });
    await refused(['--resume', 'out'], /^out\/run\.json: found version 1 of this file/);
    write({ fingerprints: { ...JSON.parse(run).fingerprints, train: 'sha256:0' } });
    await refused(
      ['--resume', 'out'],
      /the data have changed since the run began \(train: sha256:\w+ now, sha256:0 then\)/,
    );
    write({ given: { ...JSON.parse(run).given, seed: 9 }, config: {} });
    await refused(
      ['--resume', 'out'],
      /epoch-\d-step-\d+\.safetensors: This checkpoint belongs to another run: `seed` is 0/,
    );
    write({ given: { ['__proto__']: { polluted: 1 } } });
    await refused(['--resume', 'out'], /`__proto__` is not allowed/);
    writeFileSync(join(out, 'run.json'), run.slice(0, 200));
    await refused(['--resume', 'out'], /this does not describe a run/);
    writeFileSync(join(out, 'run.json'), run);

    writeFileSync(
      join(out, 'lock-1'),
      JSON.stringify({ pid: process.pid, host: hostname(), started: 'now', process: '' }),
    );
    await refused(['--resume', 'out'], new RegExp(`^--resume out: process ${process.pid} on`));
    rmSync(join(out, 'lock-1'));

    for (const name of readdirSync(checkpoints)) truncateSync(join(checkpoints, name), 100);
    await refused(['--resume', 'out'], /no checkpoint of this network can be read; delete this folder/);
  });
});

describe('polytask train --output', () => {
  it('takes a folder in which a run was killed before it began, and no other', async () => {
    const cwd = folderWith({ 'run.yaml': changed('epochs: 1', 'epochs: 1, evaluationBatchSize: 64'), file: '' });
    const dead = JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: 'then', process: '' });
    mkdirSync(join(cwd, 'out'));
    writeFileSync(join(cwd, 'out/lock-1'), dead);
    expect((await polytask(['train', 'run.yaml', '-o', 'out', '--set', 'backend=cpu'], cwd)).code).toBe(0);
    expect(files(join(cwd, 'out')).filter((name) => name.startsWith('lock'))).toEqual([]);
    const before = contents(join(cwd, 'out'));
    const again = await polytask(['train', 'run.yaml', '-o', 'out'], cwd);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('go on with the run in it by `--resume`')]);
    expect(contents(join(cwd, 'out'))).toEqual(before);
    const file = await polytask(['train', 'run.yaml', '-o', 'file'], cwd);
    expect([file.code, file.stderr]).toEqual([2, expect.stringContaining('a file stands where')]);
  });

  it.each([
    ['an unknown key', 'seeed: 1\n'],
    ['a wrong type', 'seed: one\n'],
    ['duplicate task names', 'tasks: [{ name: a, type: binary }, { name: a, type: binary }]\n', /tasks:\n.*\n.*\n/],
    ['batch size 0', 'training: { batchSize: 0 }\n', /training: .*\n/],
    ['a best epoch without validation rows', 'training: { checkpoints: { keepBest: mean } }\n', /training: .*\n/],
    [
      'a best epoch by an unknown metric',
      'split: { validation: 0.2 }\ntraining: { checkpoints: { keepBest: { task: left, metric: acuracy } } }\n',
      /training: .*\n/,
    ],
    ['an unknown retention', 'training: { checkpoints: { keepLast: 0 } }\n', /training: .*\n/],
  ])('leaves nothing behind on %s', async (_, lines, replaced = /$/) => {
    const text = changed('data:', 'data:').replace(replaced, () => lines);
    const cwd = folderWith({ 'run.yaml': text });
    const { code, stdout, stderr } = await polytask(['train', 'run.yaml', '-o', 'out'], cwd);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^run\.yaml:\d+:\d+: /);
    expect(readdirSync(cwd)).toEqual(['run.yaml']);
  });
});

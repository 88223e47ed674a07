import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../../../test/support/configs.js';
import { folderWith } from '../../../test/support/folder.js';
import { InputError, noProgress, runExperiment } from '../src/index.js';

const config = {
  data: { use: 'multimnist', size: { train: 96, test: 32 } },
  tasks: [
    { name: 'left', type: 'classification', classes: 10 },
    { name: 'right', type: 'classification', classes: 10 },
  ],
  sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [8] } },
  training: { epochs: 2, batchSize: 32 },
  backend: 'cpu',
};

describe('runExperiment', () => {
  it('runs what an object says, and leaves the run folder of the same run', async () => {
    const folder = folderWith();
    const epochs: number[] = [];
    const progress = { ...noProgress, epoch: ({ epoch }: { epoch: number }) => void epochs.push(epoch) };
    const done = await runExperiment(config, { folder, output: 'run', progress });
    expect(done).toMatchObject({ status: 'done', folder: join(folder, 'run'), joint: { epochs: 2, steps: 6 } });
    expect(done.joint?.tasks?.left?.accuracy).toBeTypeOf('number');
    expect(epochs).toEqual([1, 2]);
    expect(JSON.parse(readFileSync(join(folder, 'run/run.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(done)));
    expect(readdirSync(join(folder, 'run')).sort()).toEqual([
      'checkpoints',
      'metrics.jsonl',
      'model.safetensors',
      'run.json',
    ]);
  });

  it('runs a file to the same numbers', async () => {
    const text = `${smallRun.replace('epochs: 1', 'epochs: 2')}backend: cpu\n`;
    const folder = folderWith({ 'run.yaml': text });
    const fromFile = await runExperiment('run.yaml', { folder });
    const again = await runExperiment(config, { folder });
    expect(fromFile.joint?.tasks).toEqual(again.joint?.tasks);
    expect([fromFile.folder, again.folder]).toEqual([join(folder, 'runs/run-1'), join(folder, 'runs/experiment-1')]);
  });

  it('refuses mistakes with their places, and writes nothing', async () => {
    const folder = folderWith();
    const wrong = { ...config, sharing: { ...config.sharing, encoder: { use: 'mlpp' } }, seeed: 1 };
    const error = await runExperiment(wrong, { folder }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).mistakes.map(({ where, message }) => `${where} ${message}`)).toEqual([
      expect.stringMatching(/^experiment:\d+:\d+ `sharing\.encoder\.use`: found "mlpp".*Did you mean `mlp`\?/),
      expect.stringMatching(/^experiment:\d+:\d+ there is no key `seeed`.*Did you mean `seed`\?/),
    ]);
    expect(existsSync(join(folder, 'runs'))).toBe(false);
  });

  it('is stopped by a signal, and says so', async () => {
    const stop = new AbortController();
    const progress = { ...noProgress, step: () => stop.abort() };
    const { status, joint } = await runExperiment(config, { folder: folderWith(), progress, signal: stop.signal });
    expect(status).toBe('interrupted');
    expect(joint).toMatchObject({ steps: 1, stopped: 'signal' });
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type State, uniformFloats } from '@polytask/core';
import { loadCheckpoint, saveCheckpoint } from '@polytask/core/node';
import { InputError, loadModel } from '@polytask/experiment';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../test/support/configs.js';
import { folderWith } from '../../../test/support/folder.js';
import { temperedModule } from '../../../test/support/plugins.js';
import { runProgram } from '../src/program.js';
import { fakeIo } from './helpers/fake-io.js';

/** A folder with a finished run in `out`. */
async function finished(text = smallRun): Promise<string> {
  const cwd = folderWith({ 'run.yaml': text, 'tempered.mjs': temperedModule });
  const { io, stderr } = fakeIo(cwd);
  expect(await runProgram(['train', 'run.yaml', '-q', '-o', 'out'], io), stderr.text()).toBe(0);
  return cwd;
}

/** Changes what is in a model besides its variables. */
async function edit(cwd: string, change: (state: Record<string, unknown>) => void): Promise<void> {
  const file = join(cwd, 'out/model.safetensors');
  const { state, tensors } = await loadCheckpoint(file);
  change(state as Record<string, unknown>);
  await saveCheckpoint(file, { state: state as State, tensors });
}

const rows = { image: { data: uniformFloats(2 * 784, 'rows'), shape: [2, 784] } };

describe('loadModel', () => {
  it('rebuilds the network from its folder alone, schedules and parts from elsewhere included', async () => {
    const cwd = await finished(
      `${changed('mlp, units: [8]', 'mlp, units: [8], batchNorm: true')}optimizer: { use: adam, schedule: { use: cosine-decay } }
balancing: { use: "./tempered.mjs#tempered", temperature: 2 }
`,
    );
    await loadModel({ folder: 'out', cwd }).then(({ trainer }) => trainer.dispose());
    const before = tf.memory().numTensors;
    const { trainer, config } = await loadModel({ folder: 'out', cwd });
    expect(config).toMatchObject({ training: { epochs: 1 }, balancing: { temperature: 2 } });
    const saved = await loadCheckpoint(join(cwd, 'out/model.safetensors'));
    const model = await trainer.model();
    expect(model.variables).toEqual(saved.tensors);
    expect(model.inputs).toEqual(saved.state.inputs);
    const { left } = await trainer.predict(rows);
    expect(left?.[0]).toMatchObject({ probabilities: expect.any(Array) });
    trainer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, (cwd: string) => Promise<void> | void, string, RegExp]>([
    ['no folder', () => {}, 'gone', /^gone: there is no such folder/],
    ['a file', () => {}, 'run.yaml', /^run\.yaml: this is a file; name the folder/],
    ['a folder of something else', () => {}, '.', /^\.: this is not the folder of a run/],
    [
      'a run without a model',
      (cwd) => void writeFileSync(join(cwd, 'run.json'), '{ "status": "interrupted" }'),
      '.',
      /^\.: this run has no model\.safetensors.*its status is `interrupted`/,
    ],
    [
      'a damaged model',
      (cwd) => {
        const file = join(cwd, 'out/model.safetensors');
        writeFileSync(file, readFileSync(file).subarray(0, 2000));
      },
      'out',
      /not a complete Polytask checkpoint/,
    ],
    [
      'a model without a configuration',
      (cwd) => edit(cwd, (state) => delete state.config),
      'out',
      /^out\/model\.safetensors: in this model `config` is missing/,
    ],
    [
      'an input that would fill the memory',
      (cwd) =>
        edit(cwd, (state) => Object.assign(state, { inputs: { image: { shape: [1e6, 1e6], dtype: 'float32' } } })),
      'out',
      /`inputs\.image\.shape`/,
    ],
    [
      'a model of another network',
      (cwd) => edit(cwd, ({ config }) => Object.assign((config as typeof smallConfig).sharing.encoder, { units: [9] })),
      'out',
      /^out\/model\.safetensors: .*`trunk\/dense0\/kernel` is \[784, 8\], not \[784, 9\]/,
    ],
    [
      'a part that is not there any more',
      (cwd) =>
        edit(cwd, ({ config }) =>
          Object.assign((config as typeof smallConfig).sharing, { encoder: { use: './gone.mjs#x' } }),
        ),
      'out',
      /^out\/model\.safetensors: config\.sharing\.encoder\.use: there is no file `\.\/gone\.mjs` in .*--plugins <folder>/,
    ],
  ])('refuses %s', async (_, spoil, folder, message) => {
    const cwd = await finished();
    await spoil(cwd);
    const before = tf.memory().numTensors;
    const error: unknown = await loadModel({ folder, cwd }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

const smallConfig = { sharing: { encoder: { units: [8] } } };

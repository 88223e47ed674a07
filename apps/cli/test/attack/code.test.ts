// Code is loaded from where a person points, and never from where files say: every way in that was found, and their kin.
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { temperedModule } from '../../../../test/support/plugins.js';
import { projectProgram } from '../../src/code/hand-over.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';
import {
  add,
  evilModule,
  evilScript,
  forgeDocument,
  forgeModel,
  polytask,
  table,
  tableRun,
  trained,
  trainedOnce,
  whatRan,
} from '../helpers/stranger.js';

let run: string;
beforeAll(async () => {
  const { cwd, remove } = await trainedOnce();
  run = join(cwd, 'run-1');
  return remove;
}, 60_000);

afterEach(() => {
  vi.unstubAllEnvs();
  expect(whatRan()).toEqual([]);
});

/** What a stranger sent, unpacked into the working folder: `run-1`, and rows beside it. */
function received(files: { readonly [path: string]: string } = {}): string {
  const cwd = folderWith({ 't.csv': table, ...files });
  cpSync(run, join(cwd, 'run-1'), { recursive: true });
  return cwd;
}

const commands: readonly (readonly string[])[] = [
  ['predict', 'run-1', 't.csv', '-q'],
  ['evaluate', 'run-1', '--data', 't.csv', '-q'],
  ['evaluate', 'run-1', '-q'],
  ['export', 'run-1', '-f', 'onnx', '--force'],
  ['export', 'run-1', '-f', 'tfjs', '--force'],
  ['train', '--resume', 'run-1', '-q'],
  ['cache', '--folder', 'run-1'],
  ['complete', '--', 'predict', 'run-1', ''],
  ['predict', 'run-1', '--help'],
];

/** An absolute path that leads to the reader's own folder, as `/proc/self/cwd` does for whoever runs the program. */
const through = (path: string) => join('/proc/self/root', path);

/** A mixing policy of somebody else's: every batch has as many rows of each task. */
const mixModule = `export const mix = () => ({
  kind: 'schedule', name: 'mix', specVersion: 1, cites: [], options: {}, [Symbol.for('polytask.part')]: true,
  bind: ({ tasks, batchSize }) => ({ rows: () => tasks.map((_, k) => Math.floor(batchSize / tasks.length) + (k < batchSize % tasks.length ? 1 : 0)) }),
});`;

describe('a native backend', () => {
  const native = {
    'run-1/node_modules/@tensorflow/tfjs-node/package.json': '{ "name": "@tensorflow/tfjs-node", "main": "i.js" }',
    'run-1/node_modules/@tensorflow/tfjs-node/i.js': evilScript,
  };

  it.each([undefined, 'run-1/x.yaml', 'run-1/..x/x.yaml'])(
    'is not taken from a run folder (F1; file: %s)',
    async (file) => {
      vi.stubEnv('POLYTASK_NATIVE_FOLDER', folderWith());
      const cwd = received({ ...native, 'run-1/t.csv': table, 'run-1/..x/t.csv': table });
      add(cwd, {
        'run-1/..x/node_modules/@tensorflow/tfjs-node/package.json':
          '{ "main": "../../../../node_modules/@tensorflow/tfjs-node/i.js" }',
      });
      forgeDocument(join(cwd, 'run-1'), (document) => {
        document.file = file === undefined ? file : through(join(cwd, file));
        document.backend = { name: 'node', wanted: 'node' };
        document.given.backend = 'node';
      });
      await forgeModel(join(cwd, 'run-1'), ({ config }) => {
        config.backend = 'node';
      });
      for (const args of commands) await polytask(cwd, args);
      for (const args of commands)
        await polytask(
          join(cwd, 'run-1'),
          args.map((word) => (word === 'run-1' ? '.' : word)),
        );
      forgeDocument(join(cwd, 'run-1'), (document) => {
        document.file = through(join(cwd, file ?? 'run-1/x.yaml'));
        document.status = 'running';
        delete document.joint;
      });
      rmSync(join(cwd, 'run-1/checkpoints'), { recursive: true });
      const { code, stderr } = await polytask(cwd, ['train', '--resume', 'run-1', '-q']);
      expect([code, whatRan()], stderr).toEqual([2, []]);
      expect(stderr).toContain('tfjs-node is not installed');
    },
  );
});

describe('parts with a #', () => {
  const strangers = {
    'run-1/evil.mjs': evilModule,
    'run-1/..x/evil.mjs': evilModule,
    'run-1/node_modules/evil/package.json': '{ "name": "evil", "main": "i.js" }',
    'run-1/node_modules/evil/i.js': evilScript,
    'data/evil.mjs': evilModule,
    'data/node_modules/evil/package.json': '{ "name": "evil", "main": "../../../run-1/node_modules/evil/i.js" }',
  };
  const absolute = (cwd: string) => join(cwd, 'run-1/evil.mjs');
  const references = (cwd: string) => [
    ...[
      './evil.mjs',
      './run-1/evil.mjs',
      './run-1/..x/evil.mjs',
      './data/evil.mjs',
      'evil',
      'evil/i.js',
      '..',
      '../evil.mjs',
    ],
    ...[through(absolute(cwd)), through(join(cwd, 'data/evil.mjs')), './link/evil.mjs', './alias.mjs', absolute(cwd)],
    ...[
      pathToFileURL(absolute(cwd)).href,
      `data:text/javascript,${evilModule.replaceAll(' ', '%20')}`,
      'fs',
      './t.csv',
    ],
  ];

  it('run from no model, whatever it names and wherever it says its run file was (F2)', async () => {
    const cwd = received(strangers);
    symlinkSync('run-1', join(cwd, 'link'));
    symlinkSync('run-1/evil.mjs', join(cwd, 'alias.mjs'));
    for (const reference of references(cwd)) {
      const use = `${reference}#x`;
      for (const file of [undefined, through(join(cwd, 'run-1/x.yaml')), join(cwd, 'data/run.yaml')]) {
        forgeDocument(join(cwd, 'run-1'), (document) => {
          document.file = file;
          document.given.balancing = { use };
          document.given.optimizer = { use };
          document.given.sharing = { use: 'hard-sharing', encoder: { use } };
          document.config = document.given as never;
        });
        await forgeModel(join(cwd, 'run-1'), ({ config }) => {
          Object.assign(config, {
            balancing: { use },
            optimizer: { use },
            sharing: { use: 'hard-sharing', encoder: { use } },
          });
        });
        for (const args of commands.slice(0, 6)) {
          const { code, stderr } = await polytask(cwd, args);
          expect([use, args[0], code], stderr).toEqual([
            use,
            args[0],
            args[0] === 'train' && file !== undefined ? 0 : 2,
          ]);
        }
        expect([use, whatRan()]).toEqual([use, []]);
      }
    }
  }, 240_000);

  it('are refused with their name and with what allows them', async () => {
    const cwd = received(strangers);
    await forgeModel(join(cwd, 'run-1'), ({ config }) => {
      config.sharing = { use: 'hard-sharing', encoder: { use: './data/evil.mjs#x' } };
    });
    const { stderr } = await polytask(cwd, ['predict', 'run-1', 't.csv', '-q']);
    expect(stderr).toMatch(/config\.sharing\.encoder\.use: `\.\/data\/evil\.mjs` is .*--plugins .*\/data/);
    const inside = await polytask(cwd, ['predict', 'run-1', 't.csv', '-q', '--plugins', 'run-1/..x']);
    expect([inside.code, inside.stderr]).toEqual([
      2,
      expect.stringMatching(/^--plugins run-1\/\.\.x: it lies in the run folder .*run-1, and code is never/),
    ]);
    const gone = await polytask(cwd, ['predict', 'run-1', 't.csv', '--plugins', 'gone', '--plugins', 't.csv']);
    expect(gone.stderr).toMatch(/^--plugins gone: there is no such folder\n--plugins t\.csv: this is a file/);
  });

  it('run from a run file that lies in a run folder no more than from the folder itself', async () => {
    const cwd = received(strangers);
    add(cwd, { 'run-1/x.yaml': `${tableRun}balancing: { use: "./evil.mjs#x" }\n`, 'run-1/t.csv': table });
    for (const file of ['run-1/x.yaml', through(join(cwd, 'run-1/x.yaml')), join(cwd, 'run-1/x.yaml')]) {
      const { code, stderr } = await polytask(cwd, ['check', file]);
      expect([code, stderr.includes('lies in')], stderr).toEqual([2, true]);
    }
  });
});

describe('a model of which parts come from elsewhere', () => {
  const encoder = `import { mlp } from '${pathToFileURL(join(import.meta.dirname, '../../../../packages/core/src/index.ts')).href}';
    export const enc = () => mlp([4]);`;

  it('needs nothing that only trained it', async () => {
    const cwd = await trained(
      `${tableRun}balancing: { use: "./tempered.mjs#tempered" }\n`.replace(
        'source: t.csv',
        'source: t.csv, mixing: { use: "./mix.mjs#mix" }',
      ),
      {
        'tempered.mjs': temperedModule,
        'mix.mjs': mixModule,
      },
    );
    for (const name of ['tempered.mjs', 'mix.mjs']) rmSync(join(cwd, name));
    for (const args of [...commands.slice(0, 5), ['evaluate', 'run-1', '--part', 'train', '-q']]) {
      const { code, stderr } = await polytask(cwd, args);
      expect([args.join(' '), code], stderr).toEqual([args.join(' '), 0]);
    }
  });

  it('is gone on with by the command that a stopped run prints', async () => {
    const cwd = folderWith({
      't.csv': table,
      'deep/run.yaml': `${tableRun.replace('t.csv', '../t.csv')}balancing: { use: "./tempered.mjs#tempered" }\n`,
      'deep/tempered.mjs': temperedModule,
    });
    const controller = new AbortController();
    const { io, stderr } = fakeIo(cwd, controller.signal);
    io.stderr.on('data', (chunk: Buffer) => {
      if (/epoch 1\/3/.test(chunk.toString())) controller.abort();
    });
    expect(await runProgram(['train', 'deep/run.yaml', '-o', 'run-1'], io), stderr.text()).toBeUndefined();
    const [, line = ''] = /Go on with:\n {2}polytask (.*)\n/.exec(stderr.text()) ?? [];
    expect(line).toBe('train --resume run-1 --plugins deep');
    expect((await polytask(cwd, ['train', '--resume', 'run-1', '-q'])).stderr).toMatch(
      /no file `\.\/tempered\.mjs` in/,
    );
    const { code, stderr: told } = await polytask(cwd, [...line.split(' '), '-q']);
    expect(code, told).toBe(0);
  });

  it('takes an encoder from the working folder, or from a folder of --plugins', async () => {
    const cwd = await trained(tableRun.replace('{ use: mlp, units: [4] }', '{ use: "./enc.mjs#enc" }'), {
      'enc.mjs': encoder,
    });
    const predict = ['predict', 'run-1', 't.csv', '-q'];
    expect((await polytask(cwd, predict)).code).toBe(0);
    mkdirSync(join(cwd, 'parts'));
    renameSync(join(cwd, 'enc.mjs'), join(cwd, 'parts/enc.mjs'));
    const without = await polytask(cwd, predict);
    expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/no file `\.\/enc\.mjs` in .*--plugins/)]);
    expect(await polytask(cwd, [...predict, '--plugins', 'parts'])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('another copy of the program', () => {
  const copy = (folder: string) => ({
    [`${folder}/node_modules/@polytask/cli/package.json`]: '{ "bin": { "polytask": "./e.mjs" } }',
    [`${folder}/node_modules/@polytask/cli/e.mjs`]: evilModule,
  });
  const self = pathToFileURL('/somewhere/dist/main.js').href;

  it.each(['run-1', 'run-1/..x', 'elsewhere', 'stranger'])(
    'is never that in %s that a file or a path of data names (F3, F4, F5)',
    (folder) => {
      const cwd = received({ ...copy(folder), 'stranger/rows.json': '[]' });
      for (const file of [through(join(cwd, folder, 'run.yaml')), join(cwd, folder, 'run.yaml'), undefined]) {
        forgeDocument(join(cwd, 'run-1'), (document) => {
          document.file = file;
        });
        for (const args of [
          ...commands,
          ['evaluate', '--data', 'stranger/rows.json', 'run-1'],
          ['export', '-f', 'onnx', '--force', '-o', 'stranger/rows.json', 'run-1'],
          ['train', '--resume=run-1'],
        ]) {
          expect(projectProgram(args, cwd, self), args.join(' ')).toBeUndefined();
          expect(
            projectProgram(
              args.map((word) => (word === 'run-1' ? '..' : word)),
              join(cwd, 'run-1/checkpoints'),
              self,
            ),
          ).toBeUndefined();
        }
      }
    },
  );

  it('is none for a folder that a link leads to a run folder', () => {
    const cwd = received(copy('run-1'));
    symlinkSync('run-1', join(cwd, 'project'));
    add(cwd, { 'run-1/run.yaml': tableRun });
    for (const args of [
      ['train', 'project/run.yaml'],
      ['predict', 'other', '--plugins', 'project'],
      ['check', join(cwd, 'project/run.yaml')],
    ]) {
      expect(projectProgram(args, cwd, self), args.join(' ')).toBeUndefined();
    }
    expect(projectProgram(['predict', 'x'], join(cwd, 'project'), self)).toBeUndefined();
  });
});

describe('polytask strategies', () => {
  it('looks at no package in a run folder (F37)', async () => {
    const cwd = received({
      'run-1/node_modules/evil/package.json': '{ "name": "evil", "keywords": ["polytask"], "main": "i.js" }',
      'run-1/node_modules/evil/i.js': evilScript,
    });
    for (const folder of ['run-1', 'run-1/checkpoints']) {
      const { code, stdout } = await polytask(join(cwd, folder), ['strategies']);
      expect([code, stdout.includes('evil')]).toEqual([0, false]);
    }
    expect(existsSync(join(cwd, 'run-1/node_modules'))).toBe(true);
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { changed, smallRun } from '../../../test/support/configs.js';
import { folderWith } from '../../../test/support/folder.js';
import { temperedModule } from '../../../test/support/plugins.js';
import { runProgram } from '../src/program.js';
import { fakeIo } from './helpers/fake-io.js';

/** Runs the program in a folder with a small run, `run.yaml`. */
async function run(args: readonly string[], options: { text?: string; aborted?: boolean } = {}) {
  const cwd = folderWith({ 'run.yaml': options.text ?? smallRun, 'tempered.mjs': temperedModule });
  const signal = options.aborted ? AbortSignal.abort() : new AbortController().signal;
  const { io, stdout, stderr } = fakeIo(cwd, signal);
  const code = await runProgram(args, io);
  return { cwd, code, stdout: stdout.text(), stderr: stderr.text(), files: readdirSync(cwd).sort() };
}

const untouched = ['run.yaml', 'tempered.mjs'];

describe('polytask', () => {
  it('prints help and version on standard output', async () => {
    const help = await run(['--help']);
    expect([help.code, help.stderr]).toEqual([0, '']);
    for (const command of ['train', 'check', 'export', 'schema']) expect(help.stdout).toContain(command);
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    const train = await run(['train', '--help']);
    for (const word of ['--set', '--seed', '--output', '--no-compare', '130 (SIGINT)'])
      expect(train.stdout).toContain(word);
  });

  it.each([
    [[], /Usage: polytask/],
    [['trian', 'run.yaml'], /unknown command 'trian'\n\(Did you mean train\?\)/],
    [['train'], /polytask train: name the YAML file of a run, or go on with/],
    [['export', 'runs/run-1'], /required option '-f, --format <format>' not specified/],
    [['export', 'runs/run-1', '-f', 'pb'], /argument 'pb' is invalid. Allowed choices are onnx, tfjs/],
    [['export', 'runs/run-1', '-f', 'onnx'], /^runs\/run-1: there is no such folder/],
    [['train', 'run.yaml', '--sed', '3'], /unknown option '--sed'/],
    [['train', 'run.yaml', 'other.yaml'], /too many arguments/],
    [['train', 'rum.yaml'], /^rum\.yaml: there is no such file. Did you mean `run\.yaml`\?/],
  ])('ends with 2 on %j', async (args, message) => {
    const { code, stdout, stderr, files } = await run(args);
    expect([code, stdout, files]).toEqual([2, '', untouched]);
    expect(stderr).toMatch(message);
  });
});

describe('polytask schema', () => {
  it('prints JSON', async () => {
    const { code, stdout } = await run(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('properties.sharing');
  });
});

describe('polytask strategies', () => {
  it('lists all, or says all of one', async () => {
    const all = await run(['strategies']);
    expect(all.code).toBe(0);
    for (const name of ['multimnist', 'regression', 'hard-sharing', 'mlp', 'sum-of-losses', 'adam', 'warm-up'])
      expect(all.stdout).toContain(`\n  ${name} `);
    const one = await run(['strategies', 'step-decay']);
    expect(one.stdout).toMatch(
      /^step-decay: learning rate schedule.*\n.*\n\n {2}every .*\n +a whole number from 1; required\n/,
    );
    const json = await run(['strategies', 'adam', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'adam', role: 'optimizer' });
  });

  it('refuses a name that there is not', async () => {
    const { code, stderr } = await run(['strategies', 'adm']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('Did you mean `adam`?')]);
  });
});

describe('polytask completion', () => {
  it('prints a script for a shell, and what scripts ask for', async () => {
    expect((await run(['completion', 'bash'])).stdout).toContain('complete -F _polytask polytask');
    expect((await run(['completion', 'tcsh'])).code).toBe(2);
    expect((await run(['complete', '--', 'train', '--see'])).stdout).toBe('--seed\tseed of the run\n');
    expect((await run(['complete', '--', 'check', ''])).stdout).toBe(':yaml\n');
  });
});

describe('polytask check', () => {
  it('says what is there, and leaves nothing', async () => {
    const { code, stdout, files } = await run(['check', 'run.yaml', '--set', 'split.validation=0.25']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'run.yaml is right.',
      '  Data: multimnist; rows: 72 training, 24 validation, 32 test',
      '  2 tasks: left (classification), right (classification)',
      '  Backend: compiled on 2 threads, since `onnxruntime-node` is installed',
      '',
    ]);
    expect(files).toEqual(untouched);
  });

  it('notes that a method was made for another optimizer', async () => {
    const found = (optimizer: string) =>
      run(['check', 'run.yaml', '--set', 'balancing={use: m-con-fig}', '--set', `optimizer=${optimizer}`]);
    const note = '  Note: `m-con-fig` was made for the optimizer `sgd`, and this run has `adam`.';
    expect((await found('{use: adam}')).stdout).toContain(note);
    expect((await found('{use: sgd, learningRate: 0.1}')).stdout).not.toContain('Note:');
  });

  it('has one document for programs, right or not', async () => {
    const right = await run(['check', 'run.yaml', '--json']);
    expect(JSON.parse(right.stdout)).toMatchObject({
      status: 'right',
      backend: { name: 'compiled', threads: 2 },
      config: { seed: 0 },
      notes: [],
    });
    const wrong = await run(['check', 'run.yaml', '--json', '--set', 'seed=x'], {
      text: changed('units: [8]', 'units: []', `${smallRun}colour: 1\n`),
    });
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.stdout)).toEqual({
      status: 'invalid',
      mistakes: [
        {
          where: 'run.yaml:11:1',
          file: 'run.yaml',
          line: 11,
          column: 1,
          message: expect.stringContaining('no key `colour`'),
        },
        { where: '--set seed=x', message: '`seed`: found "x", expected a whole number from 0' },
      ],
    });
  });

  it('finds labels that do not fit their task, at the task', async () => {
    const text = changed(
      'name: right, type: classification, classes: 10',
      'name: right, type: classification, classes: 4',
    );
    const { code, stderr } = await run(['check', 'run.yaml'], { text });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^run\.yaml:6:51: Task `right`: row \d+ has class \d, but there are 4 classes/);
  });
});

describe('polytask train', () => {
  it('prints a table and leaves a run folder', async () => {
    const { cwd, code, stdout, stderr, files } = await run(['train', 'run.yaml', '--compare']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^task {3}accuracy ↑ {2}macroF1 ↑ {2}baseline {2}accuracy alone .* Δm\nleft .*%\nright .*%\nmean .*%\n\n(✗ .*\n)?Δm /,
    );
    expect(stdout).toMatch(/Parameters: 6460 together, 12740 in 2 networks alone\nTraining time: /);
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      'Data: multimnist; rows: 96 training, 32 test',
      'Backend: compiled on 2 threads, since `onnxruntime-node` is installed',
      'Run folder: runs/run-1',
      'Training 2 tasks together: 1 epoch of 3 steps',
    ]);
    expect(stderr).toMatch(/epoch 1\/1, step 3: loss left \d\.\d{3}, right \d\.\d{3}; [\d.]+ s, \d+ rows\/s/);
    expect(files).toEqual(['run.yaml', 'runs', 'tempered.mjs']);
    const folder = join(cwd, 'runs/run-1');
    expect(readdirSync(folder).sort()).toEqual(['checkpoints', 'metrics.jsonl', 'model.safetensors', 'run.json']);
    const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      {
        network: 'joint',
        epoch: 1,
        steps: 3,
        tasks: { left: { trainLoss: expect.any(Number) }, right: { weight: 1 } },
      },
      { network: 'single-task', task: 'left', epoch: 1 },
      { network: 'single-task', task: 'right', epoch: 1 },
    ]);
  });

  it('prints one JSON document, the same as run.json', async () => {
    const { cwd, code, stdout } = await run(['train', 'run.yaml', '--json', '-q', '--seed', '4', '-o', 'out']);
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      format: 2,
      status: 'done',
      seed: 4,
      config: { seed: 4, compare: 'none', training: { epochs: 1, shuffle: true } },
      backend: {
        name: 'compiled',
        wanted: 'auto',
        threads: 2,
        reason: '`onnxruntime-node` is installed',
      },
      rows: { train: 96, validation: 0, test: 32 },
      joint: { epochs: 1, steps: 3, stopped: 'epochs', tasks: { left: { rows: 32, accuracy: expect.any(Number) } } },
      versions: { node: process.versions.node },
    });
    expect(document).toEqual(JSON.parse(readFileSync(join(cwd, 'out/run.json'), 'utf8')));
  });

  it('gives the same numbers for the same seed, and others for another', async () => {
    const losses = async (seed: string) => {
      const { stdout } = await run(['train', 'run.yaml', '--json', '-q', '--seed', seed]);
      return JSON.parse(stdout).joint.tasks;
    };
    const first = await losses('1');
    expect(await losses('1')).toEqual(first);
    expect(await losses('2')).not.toEqual(first);
  });

  it('runs eagerly what does not compile, with one warning that names the kernel, quiet or not', async () => {
    const text = `${smallRun}balancing: { use: "./tempered.mjs#uncompiled" }\ncompare: single-task\n`;
    const { code, stderr, stdout } = await run(['train', 'run.yaml', '--quiet', '--json'], { text });
    expect(stderr).toMatch(/^Warning: Program `[\w-]+` runs eagerly, .*`Unique` has no compiled equivalent\.\n$/);
    expect([code, JSON.parse(stdout).backend.name]).toEqual([0, 'compiled']);
  });

  it('refuses what cannot be compiled for another reason, before anything is written', async () => {
    const text = `${smallRun}balancing: { use: "./tempered.mjs#random" }\n`;
    const { code, stderr, files } = await run(['train', 'run.yaml'], { text });
    expect([code, files]).toEqual([2, untouched]);
    expect(stderr).toMatch(
      /^run\.yaml:1:1: .*called `Math\.random` .*Uncompiled it runs as it is: `backend: wasm`, or `cpu`/m,
    );
    const eager = await run(['train', 'run.yaml', '-q', '--set', 'backend=cpu'], { text });
    expect([eager.code, eager.stderr]).toEqual([0, '']);
  });

  it.each(['compiled', 'wasm', 'cpu'])('gives the same numbers under %s, and twice the same ones', async (backend) => {
    const documents = [];
    for (const _ of [1, 2]) {
      const args = ['--json', '-q', '--compare', '--set', `backend=${backend}`, '--set', 'split.validation=0.25'];
      const { cwd, stdout } = await run(['train', 'run.yaml', ...args]);
      const { joint, singleTask, backend: taken } = JSON.parse(stdout);
      expect(taken).toMatchObject({ name: backend, wanted: backend });
      documents.push({
        ...{ joint: joint.tasks, left: singleTask.left.tasks, right: singleTask.right.tasks },
        weights: readFileSync(join(cwd, 'runs/run-1/model.safetensors')).toString('base64'),
      });
    }
    const [first, second] = documents as [(typeof documents)[0], (typeof documents)[0]];
    expect(second).toEqual(first);
    const { stdout } = await run([
      'train',
      'run.yaml',
      '--json',
      '-q',
      '--set',
      'backend=cpu',
      '--set',
      'split.validation=0.25',
    ]);
    const { tasks } = JSON.parse(stdout).joint;
    for (const task of ['left', 'right']) expect(first.joint[task].loss).toBeCloseTo(tasks[task].loss, 4);
  });

  it('is silent with --quiet but for the result', async () => {
    const { stdout, stderr } = await run(['train', 'run.yaml', '--quiet']);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('Δm');
  });

  it('takes a part from a file beside the configuration', async () => {
    const text = `${smallRun}balancing: { use: "./tempered.mjs#tempered", temperature: 4 }\n`;
    const { stdout } = await run(['train', 'run.yaml', '--json', '-q'], { text });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'done', config: { balancing: { temperature: 4 } } });
  });

  it('tells all mistakes at once and writes nothing', async () => {
    const text = changed('epochs: 1', 'epochs: 0', changed('multimnist', 'multimnst', `${smallRun}output: here\n`));
    const { code, stdout, stderr, files } = await run(['train', 'run.yaml', '--set', 'backend=gpu'], { text });
    expect([code, stdout, files]).toEqual([2, '', untouched]);
    expect(stderr.trim().split('\n')).toEqual([
      'run.yaml:2:8: `data.use`: found "multimnst", expected table, task-tables, images, multimnist or "<package>#<export>". Did you mean `multimnist`?',
      'run.yaml:10:21: `training.epochs`: found 0, expected a whole number from 1',
      '--set backend=gpu: `backend`: found "gpu", expected one of "auto", "compiled", "wasm", "cpu", "node". Did you mean `cpu`?',
      '3 mistakes; nothing was done.',
    ]);
  });

  it('overwrites nothing', async () => {
    const { code, stderr } = await run(['train', 'run.yaml', '-o', '.']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^--output \.: the folder has 2 things in it already/);
    const inFile = await run(['train', 'run.yaml'], { text: `${smallRun}output: .\n` });
    expect(inFile.stderr).toMatch(/^run\.yaml:11:9: the folder has 2 things in it already/);
  });

  it('says which backend cannot be had, at the place that asks for it', async () => {
    vi.stubEnv('POLYTASK_NATIVE_FOLDER', folderWith());
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { code, stderr, files } = await run(['train', 'run.yaml'], { text: `${smallRun}backend: node\n` });
    expect([code, files]).toEqual([2, untouched]);
    expect(stderr).toMatch(/run\.yaml:11:10: The package @tensorflow\/tfjs-node is not installed/);
  });

  it('ends with 1 when a run fails, and leaves a folder that says so', async () => {
    const set = ['--set', 'optimizer={ use: sgd, learningRate: 1e30 }', '--set', 'training.epochs=3'];
    const { cwd, code, stdout, stderr } = await run(['train', 'run.yaml', '--json', ...set]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/The run failed: .*it must be finite/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', error: { code: 'POLYTASK_NON_FINITE' } });
    const document = JSON.parse(readFileSync(join(cwd, 'runs/run-1/run.json'), 'utf8'));
    expect(document).toMatchObject({ status: 'failed', error: { code: 'POLYTASK_NON_FINITE' } });
  });

  it('writes nothing when it is stopped before training', async () => {
    const { cwd, code, stdout, stderr } = await run(['train', 'run.yaml'], { aborted: true });
    expect([code, stdout]).toEqual([undefined, '']);
    expect(stderr).toContain('Stopped before training began; nothing was written.');
    expect(existsSync(join(cwd, 'runs'))).toBe(false);
  });
});

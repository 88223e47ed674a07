// Parts of a third party in every list of a run file, written by the contract alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

const module = `
const part = (kind, name, options, rest) =>
  ({ kind, name, specVersion: 1, cites: [], options, [Symbol.for('polytask.part')]: true, ...rest });

/** The predictions of two tasks agree, the more the longer the run; counts its steps. */
export const agreement = ({ weight = 0.5, between }) => part('auxiliary', 'agreement', { weight, between }, {
  weight,
  bind() {
    let steps = 0;
    return {
      saveState: () => ({ steps }),
      loadState: (state) => void ({ steps } = state),
      prepare: () => ({ strength: { data: Float32Array.of(1 - 1 / ++steps), shape: [] } }),
      loss: ({ predict, feeds }) =>
        predict(between[0]).sub(predict(between[1])).square().mean().mul(feeds.strength),
    };
  },
});

/** Counts what it sees, in this process and in those before. */
export const witness = (options) => part('observer', 'witness', options, {
  bind({ tasks, primary, groups }) {
    let steps = 0;
    return {
      saveState: () => ({ steps }),
      loadState: (state) => void ({ steps } = state),
      stepEnd() { steps += 1; },
      result: () => ({ steps, tasks: tasks.map(({ name }) => name), primary, groups }),
    };
  },
});

const gap = part('metric', 'gap', {}, {
  better: 'lower',
  start() {
    let [sum, weight] = [0, 0];
    return {
      update({ predictions, targets, weights }) {
        weights.forEach((w, i) => { if (w > 0) { sum += w * Math.abs(predictions.data[i] - targets.data[i]); weight += w; } });
      },
      result: () => sum / weight,
    };
  },
});

const task = (type, options, rest) => part('task', options.name, options, {
  type, column: options.column ?? options.name, metrics: [gap], primaryMetric: 'gap', target: { shape: [], dtype: 'float32' },
  outputs: { value: [1] }, decode: ({ data }) => Array.from(data), predict: ({ value }) => value.reshape([-1]),
  loss: ({ value }, target) => value.reshape([-1]).sub(target).square(), ...rest,
});

export const amount = (options) => task('amount', options, { label: 'number' });
export const silent = (options) => task('silent', options, {});
export const pair = (options) => task('pair', options, {
  label: 'vector', target: { shape: [2], dtype: 'float32' }, outputs: { value: [2] }, metrics: [gap],
  predict: ({ value }) => value.square(), loss: ({ value }, target) => value.sub(target).square().mean(1),
});
export const kind = (options) => task('kind', options, {
  label: 'class', target: { shape: [], dtype: 'int32' }, outputs: { value: [2] },
  predict: ({ value }) => value.argMax(1).cast('float32'),
  decode: ({ data }) => Array.from(data, (id) => options.classes[id]),
  loss: ({ value }, target) => value.logSoftmax().mul(target.oneHot(2)).sum(1).neg(),
});

/** A layer for all tasks; says nothing of its options. */
export const own = ({ order, scale, together = false }) => part('sharing', 'own', { order, scale, together }, {
  bind({ tasks, inputs, scope }) {
    const names = tasks.map(({ name }) => name);
    if (String(order) !== String(names) || String(Object.keys(scale)) !== String(names)) throw new Error('other tasks: ' + order);
    if (together && tasks.length < 2) throw new Error('one task is too few');
    const [[input, { shape: [width] }]] = Object.entries(inputs);
    const some = (shape, uniform) => Float32Array.from({ length: shape[0] * shape[1] }, () => uniform() - 0.5);
    const trunk = scope.variable('kernel', [width, 3], some);
    const heads = tasks.map(({ name }) => scope.child(name, { usedBy: [name] }).variable('kernel', [3, 1], some));
    const byName = (values) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
    return {
      forward(given) {
        const shared = given[input].matMul(trunk).tanh();
        const outputs = heads.map((head, i) => ({ value: shared.matMul(head).mul(scale[names[i]]) }));
        return { shared, outputs: byName(outputs), features: byName(names.map(() => shared)), intermediates: {} };
      },
    };
  },
});

/** Fails in its second step. */
export const faulty = () => part('observer', 'faulty', {}, {
  bind() {
    let steps = 0;
    return {
      result: () => null,
      stepEnd() {
        if (++steps > 1) null.step;
      },
    };
  },
});
`;

const rows = Array.from({ length: 48 }, (_, i) => [
  i % 7,
  (i * 3) % 5,
  (i % 7) / 4,
  i % 2 ? 'odd' : 'even',
  i % 3,
  i % 5,
]);
const table = ['a,b,amount,parity,third,fifth', ...rows.map((row) => row.join(',')), ''].join('\n');

const run = `data: { use: table, source: t.csv, cache: cache, inputs: { numbers: weather } }
tasks:
  - { name: amount, type: "./parts.mjs#amount", inputs: [weather] }
  - { name: parity, type: "./parts.mjs#kind", classes: [even, odd] }
  - { name: both, type: "./parts.mjs#pair", columns: [third, fifth] }
  - { name: again, column: amount, type: regression }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
auxiliary:
  - { use: "./parts.mjs#agreement", between: [amount, again], weight: 0.25 }
observers:
  - { use: "./parts.mjs#witness" }
  - { use: "./parts.mjs#witness" }
primary: amount
groups: { numbers: [amount, again] }
split: { validation: 0 }
training: { epochs: 3, batchSize: 16 }
`;

async function polytask(cwd: string, args: readonly string[], stopAt?: string) {
  const stop = new AbortController();
  const { io, stdout, stderr } = fakeIo(cwd, stop.signal);
  if (stopAt !== undefined)
    (io.stderr as unknown as NodeJS.EventEmitter).on('data', (text: Buffer) => text.includes(stopAt) && stop.abort());
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const documentIn = (cwd: string, name: string) => JSON.parse(readFileSync(join(cwd, name, 'run.json'), 'utf8'));
const metricsIn = (cwd: string, name: string) =>
  readFileSync(join(cwd, name, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }));

const folder = () => folderWith({ 'run.yaml': run, 't.csv': table, 'parts.mjs': module });

describe('parts of a third party in every list', () => {
  it.each(['cpu', 'compiled'])(
    'train, are recorded, and go on after a stop to the same numbers: %s',
    async (backend) => {
      const cwd = folder();
      const chosen = ['-s', `backend=${backend}`];
      const whole = await polytask(cwd, ['train', 'run.yaml', '-o', 'whole', '-q', ...chosen]);
      expect(whole.code, whole.stderr).toBe(0);
      const { joint, tasks } = documentIn(cwd, 'whole');
      const seen = { steps: 9, tasks: ['amount', 'parity', 'both', 'again'], primary: 'amount' };
      expect(joint.observations).toEqual({
        witness: { ...seen, groups: { numbers: ['amount', 'again'] } },
        'witness-2': { ...seen, groups: { numbers: ['amount', 'again'] } },
      });
      expect(tasks[0]).toEqual({ name: 'amount', type: 'amount', primaryMetric: 'gap', better: { gap: 'lower' } });
      const terms = metricsIn(cwd, 'whole').map(({ auxiliary }) => auxiliary.agreement);
      expect(terms.every((term) => term > 0)).toBe(true);

      const stopped = await polytask(cwd, ['train', 'run.yaml', '-o', 'stopped', ...chosen], 'epoch 1/3');
      expect(stopped.stderr).toContain('--resume');
      const resumed = await polytask(cwd, ['train', 'run.yaml', '--resume', 'stopped', '-q', ...chosen]);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(metricsIn(cwd, 'stopped')).toEqual(metricsIn(cwd, 'whole'));
      const again = documentIn(cwd, 'stopped').joint;
      expect([again.tasks, again.observations]).toEqual([joint.tasks, joint.observations]);

      const predicted = await polytask(cwd, ['predict', 'whole', 't.csv', '--plugins', '.', '--intermediates']);
      expect(predicted.code, predicted.stderr).toBe(0);
      const [first] = predicted.stdout.split('\n').map((line) => (line === '' ? undefined : JSON.parse(line)));
      expect(Object.keys(first)).toEqual([
        ...['amount', 'parity', 'both', 'again', 'shared.0', 'shared.1', 'shared.2', 'shared.3'],
      ]);
      expect(['even', 'odd']).toContain(first.parity);
      expect(first.amount).toBeTypeOf('number');
      // What `decode` gives, as it is, and as text where a column holds single values.
      const csv = await polytask(cwd, ['predict', 'whole', 't.csv', '--plugins', '.', '--to', 'csv', '-q']);
      expect([typeof first.both, csv.code]).toEqual(['number', 0]);
      const measured = await polytask(cwd, ['evaluate', 'whole', '--data', 't.csv', '--plugins', '.', '--json']);
      expect(measured.code, measured.stderr).toBe(0);
      expect(JSON.parse(measured.stdout)).toMatchObject({ rows: 48, scores: { parity: { rows: 48 } } });
    },
  );

  it('do not matter to networks that learn one task alone', async () => {
    const cwd = folder();
    const done = await polytask(cwd, ['train', 'run.yaml', '-o', 'r', '-q', '--compare', '-s', 'backend=cpu']);
    expect(done.code, done.stderr).toBe(0);
    const { singleTask } = documentIn(cwd, 'r');
    expect(Object.keys(singleTask)).toEqual(['amount', 'parity', 'both', 'again']);
    expect(singleTask.amount.observations).toBeUndefined();
  });

  it('share what tasks learn, together and alone, by what is said of each task', async () => {
    const sharing = { use: './parts.mjs#own', order: ['amount', 'third'], scale: { amount: 1, third: 2 } };
    const text = run
      .replace(/tasks:[\s\S]*groups.*\n/, '')
      .concat(
        'tasks: [{ name: amount, type: "./parts.mjs#amount" }, { name: third, type: "./parts.mjs#amount" }]\n',
        `sharing: ${JSON.stringify(sharing)}\ncompare: single-task\nbackend: cpu\n`,
      );
    const cwd = folderWith({ 'run.yaml': text, 't.csv': table, 'parts.mjs': module });
    const done = await polytask(cwd, ['train', 'run.yaml', '-o', 'r', '-q']);
    expect(done.code, done.stderr).toBe(0);
    expect(Object.keys(documentIn(cwd, 'r').singleTask)).toEqual(['amount', 'third']);
    // What is wrong with a network that learns one task alone is told by `check`, before anything is trained.
    const checked = await polytask(cwd, ['check', 'run.yaml', '-s', 'sharing.together=true']);
    expect([checked.code, checked.stderr]).toEqual([
      2,
      expect.stringMatching(/^run\.yaml:\d+:\d+: .*one task is too few/),
    ]);
  });

  it('are told with the line of their author where their code fails', async () => {
    const text = run.replace(/observers:\n.*\n.*\n/, 'observers:\n  - { use: "./parts.mjs#faulty" }\n');
    const cwd = folderWith({ 'run.yaml': text, 't.csv': table, 'parts.mjs': module });
    const { code, stderr } = await polytask(cwd, ['train', 'run.yaml', '-o', 'r', '-q', '-s', 'backend=cpu']);
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('The observer `faulty` failed in `stepEnd`');
    const line = module.split('\n').findIndex((one) => one.includes('null.step')) + 1;
    expect(stderr).toMatch(new RegExp(`It came up at .*parts\\.mjs:${line}:\\d+\\.`));
  });

  it.each([
    [
      'an option',
      '{ numbers: [amount, again] }',
      '{ numbers: [amount, agian] }',
      /^run\.yaml:14:29: there is no task `agian`.*`again`/,
    ],
    [
      'a task',
      'primary: amount',
      'primary: amont',
      /^run\.yaml:13:10: there is no task `amont`.*Did you mean `amount`/,
    ],
    [
      'a part',
      '#witness" }\n  - ',
      '#witnes" }\n  - ',
      /^run\.yaml:11:12: `\.\/parts\.mjs` exports no `witnes`.*`witness`/,
    ],
    ['a kind', 'parts.mjs#agreement', 'parts.mjs#witness', /^run\.yaml:9:12: .*auxiliary/],
    [
      'labels',
      '#amount", inputs',
      '#silent", inputs',
      /^run\.yaml:3:27: a task of type `silent` does not say what its labels are/,
    ],
  ])('are refused with their place: %s', async (_, from, to, message) => {
    expect(run).toContain(from);
    const cwd = folderWith({ 'run.yaml': run.replace(from, to), 't.csv': table, 'parts.mjs': module });
    const { code, stderr } = await polytask(cwd, ['check', 'run.yaml']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

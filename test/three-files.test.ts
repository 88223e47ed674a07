// A method is three files: source, a line in index.ts, a test. Everything else is derived from its description: here a copy of
// the repository gets a method, and a folder elsewhere a package of its own, and both are found wherever parts are named.
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../scripts/run.mjs';

const copy = mkdtempSync(join(tmpdir(), 'polytask-three-files-'));
const project = join(copy, 'project');

const method = (name: string, factory: string) => `
import { describePart, number, withDefault } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/** Weights by powers of the losses; made up for a test. */
export const ${factory} = describePart('loss-weighting', {
  name: '${name}',
  summary: 'Weights tasks by a power of their losses.',
  cites: [
    { authors: 'N. Body', title: 'Powers of ${name}', venue: 'ICML', year: 2024, url: 'https://example.org/${name}' },
  ],
  options: { power: withDefault(number({ above: 0 }), 2, 'Power of the losses.', 'paper') },
  make: ({ power }) => ({ bind: () => ({ scalarize: (losses) => tf.sum(tf.pow(losses, power)) }) }),
});
`;

const run = (use: string, options: string) => `data: { use: multimnist, size: { train: 64, test: 16 } }
tasks:
  - { name: left, type: classification, classes: 10 }
  - { name: right, type: classification, classes: 10 }
sharing: { use: hard-sharing, encoder: { use: mlp, units: [4] } }
balancing:
  use: ${use}
  ${options}
training: { epochs: 1 }
`;

const methods = [
  { whose: 'ours', name: 'powered-losses', use: 'powered-losses' },
  { whose: "a third party's", name: '@acme/powers#raisedLosses', use: '"@acme/powers#raisedLosses"' },
];

/** Run files in the copy's project: by the place of the method, and what is said of it. */
const runFile = (method: number, options: string) => `${method}-${options.replace(/\W+/g, '-')}.yaml`;
const mistakes = ['power: 3', 'power: 0', 'pwer: 3'];

const commands = [
  ['strategies'],
  ['schema'],
  ['complete', '--', 'strategies', 'power'],
  ...methods.flatMap(({ name }, i) => [
    ['strategies', name],
    ...mistakes.map((options) => ['check', runFile(i, options)]),
  ]),
];

/** What every command gave in the copy: its exit code and both streams. One process runs them all, since it starts for seconds. */
const results = new Map<string, { code: number; text: string }>();
const polytask = (...args: string[]) => results.get(args.join(' ')) ?? { code: -1, text: '' };

beforeAll(() => {
  for (const folder of ['packages', 'apps/cli']) {
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/(dist|test|\.turbo|runs)$/.test(path),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(root, file), join(copy, file));
  writeFileSync(join(copy, 'packages/hard-sharing/src/powered-losses.ts'), method('powered-losses', 'poweredLosses'));
  appendFileSync(
    join(copy, 'packages/hard-sharing/src/index.ts'),
    "export { poweredLosses } from './powered-losses.js';\n",
  );
  // A package of somebody else's, as an installer would leave it in the folder of a project.
  const theirs = join(copy, 'project/node_modules/@acme/powers');
  mkdirSync(theirs, { recursive: true });
  writeFileSync(
    join(theirs, 'package.json'),
    JSON.stringify({
      name: '@acme/powers',
      version: '1.2.3',
      type: 'module',
      exports: './index.js',
      keywords: ['polytask'],
    }),
  );
  writeFileSync(join(theirs, 'index.js'), method('raised-losses', 'raisedLosses'));
  mkdirSync(join(copy, 'project/node_modules/@polytask'), { recursive: true });
  symlinkSync(join(copy, 'packages/core'), join(copy, 'project/node_modules/@polytask/core'));
  mkdirSync(join(copy, 'project/node_modules/@tensorflow'), { recursive: true });
  symlinkSync(
    join(copy, 'packages/core/node_modules/@tensorflow/tfjs'),
    join(copy, 'project/node_modules/@tensorflow/tfjs'),
  );
  methods.forEach(({ use }, i) => {
    for (const options of mistakes) writeFileSync(join(project, runFile(i, options)), run(use, options));
  });
  const tsx = join(root, 'examples/node_modules/.bin/tsx');
  const script = join(root, 'test/support/run-commands.mjs');
  const printed = execFileSync(
    tsx,
    ['--conditions=polytask:source', script, join(copy, 'apps/cli/src/program.ts'), JSON.stringify(commands)],
    { cwd: project, encoding: 'utf8' },
  );
  for (const { args, code, text } of JSON.parse(printed)) results.set(args.join(' '), { code, text });
}, 120_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe.each(methods.map(({ whose, name }, i) => [whose, name, i] as const))('a new method, %s', (_, name, i) => {
  it('is listed with its options', () => {
    const { text } = polytask('strategies', name);
    expect(text).toContain('Weights tasks by a power of their losses.');
    expect(text).toMatch(/power\s+Power of the losses\./);
    expect(text).toContain('a number above 0');
    expect(polytask('strategies').text).toContain(name);
  });

  it('is in the JSON Schema', () => {
    const text = polytask('schema').text;
    expect(text).toContain(`"const": ${JSON.stringify(name)}`);
    expect(text).toContain('Power of the losses. Default: 2 (paper).');
  });

  it('is checked with line and column', () => {
    const checked = (options: string) => polytask('check', runFile(i, options));
    expect(checked('power: 3')).toMatchObject({ code: 0 });
    expect(checked('power: 0')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/\.yaml:8:10: .*found 0, expected a number above 0/),
    });
    expect(checked('pwer: 3')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/\.yaml:8:3: .*Did you mean `power`\?/),
    });
  });
});

it('a new method of ours is completed', () => {
  expect(polytask('complete', '--', 'strategies', 'power').text).toContain('powered-losses');
});

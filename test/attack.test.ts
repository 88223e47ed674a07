// The tool that attacks the command is itself attacked: a program that misbehaves in every way has to be caught in each.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCheckpoint } from '../packages/core/src/index.js';
import { attack, type Kind, prepare, replay, type Stage, tableOf, usualLimits } from '../scripts/attack/campaign.mjs';
import { criteria } from '../scripts/attack/judge.mjs';
import * as fuzzers from '../scripts/attack/kinds/index.mjs';
import { drawsFor } from '../scripts/attack/random.mjs';
import { putTogether, takeApart } from '../scripts/attack/safetensors.mjs';
import { buildPackages } from '../scripts/packages.mjs';
import { root } from '../scripts/run.mjs';

const home = mkdtempSync(join(tmpdir(), 'polytask-attack-test-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const misbehaving = join(root, 'test/attack/misbehaving.mjs');

/** A kind of one case, which asks the program to misbehave in this way. */
const asking = (...args: string[]): Kind => ({ name: args.join('-'), share: 1, make: () => ({ note: '', args }) });

describe('a program that misbehaves', () => {
  const limits = { seconds: 1, memory: 2 ** 28, disk: 2 ** 20 };
  let stage: Stage;
  beforeAll(async () => {
    stage = await prepare({ program: misbehaving, folder: join(home, 'misbehaving') });
  });
  const caught = async (everyNthAlone: number, args: readonly string[]) => {
    const options = { stage, kinds: [asking(...args)], seed: '1', count: 1, jobs: 1, everyNthAlone, limits };
    const { broken } = await attack(options);
    return broken.flatMap(({ faults }) => faults.map(({ criterion }) => criterion));
  };

  it.each([
    ['executed', ['import-a-trap']],
    ['read', ['print-the-secret']],
    ['read', ['copy-the-secret']],
    ['read', ['copy-the-secret-as-numbers']],
    ['wrote', ['write-outside']],
    ['wrote', ['write-through-a-link']],
    ['wrote', ['remove-look-alikes']],
    ['wrote', ['litter']],
    ['crashed', ['throw']],
    ['crashed', ['throw-later']],
    ['crashed', ['abort']],
    ['crashed', ['print-a-stack']],
    ['hung', ['hang']],
    ['hung', ['wait-for-a-child-that-hangs']],
    ['size', ['fill-memory']],
    ['size', ['fill-disk']],
    ['code', ['end-with-3']],
    ['text', ['print-escapes']],
  ] as const)('is caught in a process that runs many cases: %s, %s', async (criterion, args) => {
    expect(await caught(1000, args)).toContain(criterion);
  });

  it.each([
    ['executed', ['import-a-trap']],
    ['crashed', ['throw-later']],
    ['crashed', ['abort']],
    ['code', ['end-with-3']],
  ] as const)('is caught in a process of its own: %s, %s', async (criterion, args) => {
    expect(await caught(1, args)).toContain(criterion);
  });

  it('is left alone when it behaves', async () => {
    expect([await caught(1000, ['behave']), await caught(1, ['behave'])]).toEqual([[], []]);
  });
});

it('every criterion has its column', () => {
  const table = tableOf({ model: { cases: 3, alone: 1, codes: { 0: 2, 2: 1 }, faults: { read: 7 }, slowest: 1 } });
  for (const criterion of criteria) expect(table).toContain(criterion);
  expect(table.split('\n')[1]?.split(/\s{2,}/)).toEqual([
    'model',
    '3',
    '1',
    '0: 2, 2: 1',
    '1.0 s',
    '0',
    '7',
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
  ]);
});

describe('draws', () => {
  it('are the same for the same name, and others for another', () => {
    const three = (name: string) => Array.from({ length: 3 }, drawsFor(name).number);
    expect(three('a')).toEqual(three('a'));
    expect(three('a')).not.toEqual(three('b'));
  });

  it('are spread evenly', () => {
    const { below } = drawsFor('even');
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) counts[below(4)] = (counts[below(4)] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
  });
});

describe('the command', () => {
  // Others may keep this machine busy meanwhile.
  const limits = { ...usualLimits, seconds: 30 };
  let stage: Stage;
  beforeAll(async () => {
    await buildPackages();
    stage = await prepare({ program: join(root, 'apps/cli/dist/main.js'), folder: join(home, 'command') });
  }, 300_000);

  it('withstands some files of every kind', async () => {
    const kinds = Object.values(fuzzers);
    const options = { stage, kinds, seed: 'c', count: 30, everyNthAlone: 1000, limits };
    const { counts, broken, unconfirmed } = await attack(options);
    expect([...broken, ...unconfirmed].map(({ id, faults }) => ({ id, faults }))).toEqual([]);
    expect(Object.keys(counts).sort()).toEqual(kinds.map(({ name }) => name).sort());
    expect(Object.values(counts).reduce((sum, { cases }) => sum + cases, 0)).toBe(30);
    const codes = Object.values(counts).flatMap((count) => Object.keys(count.codes));
    expect(codes).toEqual(expect.arrayContaining(['0', '2']));
  }, 180_000);

  it('is shown the same case again', async () => {
    const options = { stage, kinds: [fuzzers.models], seed: '1', id: 'model-3', limits };
    const [once, twice] = [await replay(options), await replay(options)];
    expect(once.case_).toEqual(twice.case_);
    expect(once.ended.code).toBe(twice.ended.code);
  }, 180_000);
});

it('a checkpoint that is taken apart and put together is the same', async () => {
  const tensors = { a: { data: new Float32Array([1, 2, 3, 4]), shape: [2, 2] } };
  const bytes = Buffer.from(
    await encodeCheckpoint({ state: { x: Number.NaN, list: [{ y: -0 }], t: tensors.a }, tensors }),
  );
  expect(putTogether(takeApart(bytes)).equals(bytes)).toBe(true);
});

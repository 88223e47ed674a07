// A checkpoint from a stranger: whatever is in it, there is an error of ours, and nothing large is made first.
import { createHash } from 'node:crypto';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, PolytaskError, type State } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTable, mixedTrainer } from '../training/fixtures.js';

let checkpoint: Checkpoint;
let bytes: Uint8Array;
const inputs = { x: { shape: [3], dtype: 'float32' } } as const;
const trainer = await mixedTrainer({ inputs });
beforeAll(async () => {
  await trainer.fit(makeTable(12, 1), { epochs: 1, batchSize: 4 });
  checkpoint = await trainer.checkpoint();
  bytes = await encodeCheckpoint(checkpoint);
});
afterAll(() => trainer.dispose());

const begin = '{"__metadata__":{"sha256":"';

/** A file with this header and body, its checksum right: what only someone who means it would make. */
function signed(header: string, body: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + body.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(body, 8 + text.length);
  return resigned(file);
}

function resigned(file: Uint8Array): Uint8Array {
  const digits = 8 + begin.length;
  const blank = file.slice().fill(0x30, digits, digits + 64);
  blank.set(new TextEncoder().encode(createHash('sha256').update(blank).digest('hex')), digits);
  return blank;
}

const headerOf = (rest: string, state = '{}') =>
  `${begin}${'0'.repeat(64)}","version":"1","polytask":${JSON.stringify(state)}}${rest}}`;

/** Reads and restores; gives the code of the error, if there is one. Anything but an error of ours fails. */
async function outcome(read: () => Promise<Checkpoint>): Promise<string | undefined> {
  const tensors = tf.memory().numTensors;
  try {
    await trainer.restore(await read());
    return undefined;
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    expect(tf.memory().numTensors).toBe(tensors);
    return error.code;
  }
}

it('decodes or refuses a file whose bytes were changed, its checksum made to fit', async () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(), async (changes, cut) => {
      const file = cut % 4 === 0 ? bytes.slice(0, cut % bytes.length) : bytes.slice();
      for (const [at, by] of changes) if (file.length > 0) file[at % file.length] = (file[at % file.length] ?? 0) ^ by;
      await outcome(() => decodeCheckpoint(file.length > 8 + begin.length + 64 ? resigned(file) : file));
    }),
    { numRuns: 200 },
  );
});

it('refuses headers that mean harm', async () => {
  const refused = async (file: Uint8Array) =>
    expect(decodeCheckpoint(file)).rejects.toMatchObject({ code: 'POLYTASK_CHECKPOINT' });
  const body = new Uint8Array(8);
  const entry = (shape: unknown, offsets: unknown, dtype = 'F32') =>
    `,"a":${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;
  await expect(decodeCheckpoint(signed(headerOf(entry([2], [0, 8])), body))).resolves.toMatchObject({
    tensors: { a: { shape: [2] } },
  });
  for (const wrong of [
    entry([2 ** 40], [0, 8]),
    entry([2 ** 31, 2 ** 31, 2 ** 31], [0, 8]),
    entry([-2], [0, 8]),
    entry([1.5], [0, 8]),
    entry([2], [8, 0]),
    entry([2], [-8, 0]),
    entry([2], [0, 2 ** 53]),
    entry([2], [0, 8], 'F64'),
    entry([1], [0, 4]),
    entry('2', [0, 8]),
    ',"a":null',
    ',"a":[]',
    `${entry([2], [0, 8])},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`,
    `${entry([1], [0, 4])},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`,
    ',"__metadata__":null',
    ',"__metadata__":{}',
  ]) {
    await refused(signed(headerOf(wrong), body));
  }
  await refused(signed(headerOf('', 'null')));
  await refused(signed(headerOf('', '[]')));
  await refused(signed(headerOf('', `{".a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`)));
  await refused(signed(headerOf('', '{".a":{"$tensor":"__proto__"}}')));
  const long = signed(headerOf(''));
  new DataView(long.buffer).setBigUint64(0, 2n ** 63n, true);
  await refused(long);
});

it('pollutes no prototype', async () => {
  const state = '{".__proto__":{".polluted":true},".constructor":{".prototype":{".polluted":true}}}';
  const header = headerOf(',"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}', state);
  const found = await decodeCheckpoint(signed(header, new Uint8Array(4)));
  expect(Object.keys(found.tensors)).toEqual(['__proto__']);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

it('restores or refuses state in which something was replaced', async () => {
  const other = fc.oneof(
    fc.constantFrom<unknown>(null, -1, 1.5, 2 ** 60, Number.NaN, '', 'x', true, [], {}, [[]], { shape: [2 ** 31] }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  /** Every place in the state, down to the third level. */
  const places = (value: unknown, path: string[] = []): string[][] =>
    typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || path.length === 3
      ? []
      : Object.keys(value).flatMap((key) => [
          [...path, key],
          ...places((value as Record<string, unknown>)[key], [...path, key]),
        ]);
  const all = places(checkpoint.state);
  await fc.assert(
    fc.asyncProperty(fc.nat(all.length - 1), other, async (place, value) => {
      const state = structuredClone(checkpoint.state) as Record<string, unknown>;
      const path = all[place] as string[];
      const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, state);
      holder[path.at(-1) as string] = value;
      await outcome(async () => ({ state: state as State, tensors: checkpoint.tensors }));
    }),
    { numRuns: 300 },
  );
});

it('makes no large model because a checkpoint says so', async () => {
  const fresh = await mixedTrainer();
  const saved = structuredClone(checkpoint.state) as Record<string, unknown>;
  const huge = { ...saved, inputs: { x: { shape: [2 ** 27], dtype: 'float32' } } };
  await expect(fresh.restore({ state: huge as State, tensors: checkpoint.tensors })).rejects.toMatchObject({
    code: 'POLYTASK_CHECKPOINT',
    message: expect.stringContaining('far smaller model'),
  });
  const larger = { ...saved, inputs: { x: { shape: [2 ** 29], dtype: 'float32' } } };
  await expect(fresh.restore({ state: larger as State, tensors: checkpoint.tensors })).rejects.toThrow('inputs.x');
  expect(fresh.parameters).toBeUndefined();
  fresh.dispose();
});

import {
  type Checkpoint,
  CheckpointError,
  checkpointVersion,
  decodeCheckpoint,
  encodeCheckpoint,
  type HostTensor,
  type State,
  type StateValue,
  uniformStream,
} from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

const floats = (...values: number[]): HostTensor => ({ data: Float32Array.from(values), shape: [values.length] });

const small: Checkpoint = {
  state: {
    epoch: 3,
    names: ['a', 'b'],
    losses: [Number.NaN, 0.5],
    nested: { mask: { data: Int32Array.of(1, -1), shape: [2, 1] } },
  },
  tensors: { parameters: floats(1, -0, Number.NaN), statistics: floats() },
};

/** The file as any reader of safetensors sees it. Written from the format's description, not from the encoder. */
function readSafetensors(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length));
  expect(text.startsWith('{')).toBe(true);
  const { __metadata__: metadata, ...entries } = JSON.parse(text);
  let end = 0;
  const tensors = Object.entries(
    entries as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>,
  )
    .sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1])
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        // The format allows neither holes nor overlaps.
        expect(from).toBe(end);
        end = to;
        expect((8 + length + from) % 4).toBe(0);
        const numbers = Array.from({ length: (to - from) / 4 }, (_, i) => {
          const at = 8 + length + from + 4 * i;
          return dtype === 'F32' ? view.getFloat32(at, true) : view.getInt32(at, true);
        });
        return [name, { dtype, shape, numbers }] as const;
      },
    );
  expect(8 + length + end).toBe(bytes.length);
  expect((8 + length) % 8).toBe(0);
  return { metadata, tensors: Object.fromEntries(tensors) };
}

describe('round trip', () => {
  it('of a small checkpoint', async () => {
    expect(await decodeCheckpoint(await encodeCheckpoint(small))).toEqual(small);
  });

  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, Number.MAX_VALUE),
  );
  const key = fc.oneof(
    { weight: 3, arbitrary: fc.string({ maxLength: 8 }) },
    fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      '$tensor',
      '$number',
      'a/b',
      '~',
      '~1',
      '7',
      '',
      '.',
      'ä\u0000\u001f\ud800',
      'data',
      'shape',
    ),
  );
  const tensor = fc
    .tuple(fc.boolean(), fc.array(fc.float(), { maxLength: 6 }), fc.boolean())
    .map(([whole, values, column]): HostTensor => {
      const data = whole ? Int32Array.from(values) : Float32Array.from(values);
      return { data, shape: column ? [values.length, 1] : [values.length] };
    });
  const scalar = fc.float().map((value): HostTensor => ({ data: Float32Array.of(value), shape: [] }));
  const { value } = fc.letrec<{ value: StateValue; state: State }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number,
      fc.string({ maxLength: 8 }),
      fc.boolean(),
      fc.constant(null),
      tensor,
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      tie('state'),
    ),
    state: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  }));
  const states = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<State>;
  const names = key.filter((name) => name !== '__metadata__' && !name.startsWith('state/'));
  const checkpoints = fc.record({
    state: states,
    tensors: fc.dictionary(names, tensor, { maxKeys: 3, noNullPrototype: true }),
  });

  /** The same with every number written out, so that NaN, −0 and own `__proto__` keys can be compared. */
  function plain(anything: unknown): unknown {
    if (typeof anything === 'number') return Object.is(anything, -0) ? '-0' : String(anything);
    if (anything instanceof Float32Array) {
      return { floats: Array.from(new Uint32Array(anything.slice().buffer)) };
    }
    if (anything instanceof Int32Array) return { ints: Array.from(anything) };
    if (Array.isArray(anything)) return anything.map(plain);
    if (typeof anything !== 'object' || anything === null) return anything;
    return Object.entries(anything)
      .map(([name, item]) => [name, plain(item)])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1));
  }

  it('of any state and tensors', async () => {
    await fc.assert(
      fc.asyncProperty(checkpoints, async (checkpoint) => {
        const bytes = await encodeCheckpoint(checkpoint as Checkpoint);
        expect(plain(await decodeCheckpoint(bytes))).toEqual(plain(checkpoint));
      }),
      { numRuns: 300 },
    );
  });

  it('of tensors in keys that look alike', async () => {
    const state = {
      'a/b': floats(1),
      a: { b: floats(2), 'b/': floats(3) },
      '': { a: floats(4) },
      'a~1b': floats(5),
      'a/b/0': [floats(6)],
    };
    expect(await decodeCheckpoint(await encodeCheckpoint({ state, tensors: {} }))).toEqual({ state, tensors: {} });
  });

  it('of a view into a larger buffer, at any offset', async () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = await encodeCheckpoint({ state: {}, tensors: { x: { data, shape: [2] } } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const found = await decodeCheckpoint(shifted.subarray(3));
    expect(found.tensors.x).toEqual(floats(1, 2));
  });

  it('gives tensors that do not share memory with the file', async () => {
    const bytes = await encodeCheckpoint(small);
    const found = await decodeCheckpoint(bytes);
    bytes.fill(0);
    expect(found).toEqual(small);
  });
});

describe('the file', () => {
  it('can be read by others as safetensors', async () => {
    const { metadata, tensors } = readSafetensors(await encodeCheckpoint(small));
    expect(tensors).toEqual({
      parameters: { dtype: 'F32', shape: [3], numbers: [1, -0, Number.NaN] },
      statistics: { dtype: 'F32', shape: [0], numbers: [] },
      'state/nested/mask': { dtype: 'I32', shape: [2, 1], numbers: [1, -1] },
    });
    expect(Object.values(metadata).every((text) => typeof text === 'string')).toBe(true);
    expect(metadata.version).toBe(String(checkpointVersion));
  });

  it('is the same for the same checkpoint', async () => {
    expect(await encodeCheckpoint(structuredClone(small))).toEqual(await encodeCheckpoint(small));
  });
});

describe('damage is refused', () => {
  const refused = (bytes: Uint8Array) => expect(decodeCheckpoint(bytes)).rejects.toThrow(CheckpointError);

  it('at every byte', async () => {
    const bytes = await encodeCheckpoint(small);
    const random = uniformStream('damage');
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] as number) ^ (1 + Math.floor(random() * 255));
      await refused(damaged);
    }
  });

  it('where single bits flip', async () => {
    const bytes = await encodeCheckpoint(small);
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
        const damaged = bytes.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        await refused(damaged);
      }),
      { numRuns: 300 },
    );
  });

  it('that leaves the header valid JSON with the same meaning', async () => {
    const bytes = await encodeCheckpoint({ state: { text: '\u001f' }, tensors: { '\u001f': floats(1) } });
    const spaces = bytes.indexOf(0x20);
    if (spaces >= 0) {
      const damaged = bytes.slice();
      damaged[spaces] = 0x0a;
      await refused(damaged);
    }
    const text = new TextDecoder('latin1').decode(bytes);
    const damaged = bytes.slice();
    damaged[text.indexOf('"\\u001f"') + 6] = 'F'.charCodeAt(0);
    await refused(damaged);
  });

  it('at every length but the right one', async () => {
    const bytes = await encodeCheckpoint(small);
    for (let length = 0; length < bytes.length; length++) await refused(bytes.slice(0, length));
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    await refused(longer);
  });

  it.each([2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 32n, 100_000_001n, 0n])(
    'in a header that says it is %d bytes long, without allocating them',
    async (length) => {
      const bytes = await encodeCheckpoint(small);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      const before = process.memoryUsage().arrayBuffers;
      await refused(bytes);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    },
  );

  it.each([
    ['an empty file', new Uint8Array()],
    ['text', new TextEncoder().encode('{"state": {}, "tensors": {}, "and": "so on"}'.repeat(5))],
    ['zeros', new Uint8Array(1000)],
  ])('of %s', async (_, bytes) => {
    await expect(decodeCheckpoint(bytes)).rejects.toMatchObject({
      code: 'POLYTASK_CHECKPOINT',
      name: 'CheckpointError',
    });
  });

  /** A file whose checksum is right, whatever is in it. */
  async function signed(header: string, data = new Uint8Array()): Promise<Uint8Array> {
    const text = new TextEncoder().encode(`{"__metadata__":{"sha256":"${'0'.repeat(64)}",${header}`);
    const bytes = new Uint8Array(8 + text.length + data.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    bytes.set(data, 8 + text.length);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const digits = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    bytes.set(new TextEncoder().encode(digits), 8 + '{"__metadata__":{"sha256":"'.length);
    return bytes;
  }

  it.each([
    ['another version', '"version":"99","polytask":"{}"}}', /has version 99; this @polytask\/core reads version 1/],
    ['a header cut short', '"version":"1","polytask":"{}"}', /text that is not JSON/],
    ['state that is not JSON', '"version":"1","polytask":"{"}}', /text that is not JSON/],
    ['no state', '"version":"1"}}', /text that is not JSON/],
    [
      'a tensor beyond the end',
      '"version":"1","polytask":"{}"},"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}',
      /tensor `x` does not lie/,
    ],
    [
      'a tensor of the wrong length',
      '"version":"1","polytask":"{}"},"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}',
      /tensor `x` does not lie/,
    ],
    [
      'a tensor of huge shape',
      '"version":"1","polytask":"{}"},"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}',
      /tensor `x` does not lie/,
    ],
    [
      'another dtype',
      '"version":"1","polytask":"{}"},"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}',
      /tensor `x` does not lie/,
    ],
    [
      'a missing tensor',
      '"version":"1","polytask":"{\\".a\\":{\\"$tensor\\":\\"state/a\\"}}"}}',
      /lacks the tensor `state\/a`/,
    ],
  ])('in %s', async (_, header, message) => {
    const bytes = await signed(header, new Uint8Array(header.includes('data_offsets') ? 8 : 0));
    await expect(decodeCheckpoint(bytes)).rejects.toThrow(message);
    await refused(bytes);
  });
});

describe('what cannot be restored is not written', () => {
  const encode = (state: unknown, tensors: Record<string, unknown> = {}) =>
    encodeCheckpoint({ state, tensors } as never);

  it.each([
    [
      'an array of no dtype',
      { nested: [{ weights: new Uint8ClampedArray(2) as never }] },
      /`state\/nested\/0\/weights` is \[object Uint8ClampedArray\]/,
    ],
    ['a map', { seen: new Map() }, /`state\/seen` is \[object Map\]/],
    ['a function', { f: () => 1 }, /`state\/f` is \[object Function\]/],
  ])('%s', async (_, state, message) => {
    await expect(encode(state)).rejects.toThrow(message);
    await expect(encode(state)).rejects.toThrow(CheckpointError);
  });

  it('a tensor whose shape does not fit', async () => {
    await expect(encode({}, { x: { data: new Float32Array(3), shape: [2] } })).rejects.toThrow(
      /`x` of shape \[2\] has 3 numbers/,
    );
  });

  it.each(['__metadata__', 'state/x'])('a tensor named %s', async (name) => {
    await expect(encode({}, { [name]: floats(1) })).rejects.toThrow(/that name is taken/);
  });

  it('but what is undefined is left out', async () => {
    expect(await decodeCheckpoint(await encode({ a: 1, b: undefined }))).toEqual({ state: { a: 1 }, tensors: {} });
  });

  it('in a page that came by plain http, which computes no checksum; by https it is the same', async () => {
    const here = await encode({ a: 1 });
    // Without Node's modules, but not without what the test runner itself uses meanwhile.
    vi.stubGlobal('process', Object.create(process, { getBuiltinModule: { value: undefined } }));
    try {
      expect(await encode({ a: 1 })).toEqual(here);
      vi.stubGlobal('crypto', {});
      await expect(encode({})).rejects.toThrow(/only in pages that came by https or from localhost/);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

it('typed arrays of state come back as they were, in files that other programs read', async () => {
  const arrays = {
    float64: Float64Array.of(0.1, Number.NaN, -0),
    float32: Float32Array.of(1.5),
    int8: Int8Array.of(-128, 127, 3),
    int16: Int16Array.of(-32768),
    int32: Int32Array.of(2 ** 31 - 1),
    int64: BigInt64Array.of(-(2n ** 63n)),
    uint8: Uint8Array.of(255, 0, 7),
    uint16: Uint16Array.of(65535),
    uint32: Uint32Array.of(2 ** 32 - 1),
    uint64: BigUint64Array.of(2n ** 64n - 1n),
    none: new Float64Array(0),
  };
  const state: State = { seen: [arrays], tensor: floats(1) };
  const bytes = await encodeCheckpoint({ state, tensors: {} });
  expect((await decodeCheckpoint(bytes)).state).toEqual(state);
  const found = await decodeCheckpoint(bytes);
  const seen = (found.state.seen as unknown as [typeof arrays])[0];
  expect(Object.entries(seen).map(([, array]) => array.constructor)).toEqual(
    Object.values(arrays).map((array) => array.constructor),
  );
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header['state/seen/0/float64']).toMatchObject({ dtype: 'F64', shape: [3] });
  expect(header['state/seen/0/uint64']).toMatchObject({ dtype: 'U64', shape: [1] });
});

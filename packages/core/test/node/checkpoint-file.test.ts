import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkpoint, CheckpointError, encodeCheckpoint } from '@polytask/core';
import { loadCheckpoint, saveCheckpoint } from '@polytask/core/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'polytask-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  state: { epoch: 2, mask: { data: Int32Array.of(1, 0, -1), shape: [3] } },
  tensors: {
    parameters: { data: Float32Array.of(0.5, Number.NaN, -0), shape: [3] },
    large: { data: Float32Array.from({ length: 3000 }, (_, i) => i / 7), shape: [3000] },
  },
};

it('reads back what was written', async () => {
  const path = join(folder, 'new/folder/a.safetensors');
  await saveCheckpoint(path, checkpoint);
  expect(await loadCheckpoint(path)).toEqual(checkpoint);
  expect(new Uint8Array(await readFile(path))).toEqual(await encodeCheckpoint(checkpoint));
});

it('replaces an earlier one and leaves no other file', async () => {
  const path = join(folder, 'replaced/b.safetensors');
  await saveCheckpoint(path, { state: { epoch: 1 }, tensors: {} });
  await saveCheckpoint(path, checkpoint);
  expect((await loadCheckpoint(path)).state.epoch).toBe(2);
  expect(await readdir(join(folder, 'replaced'))).toEqual(['b.safetensors']);
});

it('leaves the earlier one where the new one cannot be written', async () => {
  const path = join(folder, 'kept.safetensors');
  await saveCheckpoint(path, checkpoint);
  const unwritable = { state: { f: () => 1 }, tensors: {} } as unknown as Checkpoint;
  await expect(saveCheckpoint(path, unwritable)).rejects.toThrow(CheckpointError);
  expect(await loadCheckpoint(path)).toEqual(checkpoint);
});

it('takes no memory for a large file that is none, however large', async () => {
  const path = join(folder, 'sparse.safetensors');
  const bytes = await encodeCheckpoint(checkpoint);
  await writeFile(path, bytes);
  await truncate(path, 2 ** 35);
  await expect(loadCheckpoint(path)).rejects.toThrow(
    `its header speaks of ${bytes.length} bytes, but it has ${2 ** 35}`,
  );
  for (const start of [
    new Uint8Array(8).fill(0xff),
    Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b),
    new Uint8Array(8),
  ]) {
    await writeFile(path, start);
    await truncate(path, 2 ** 35);
    await expect(loadCheckpoint(path)).rejects.toThrow(CheckpointError);
  }
  await rm(path);
});

it('reads back more than the 256 MiB that web cryptography takes under Node', async () => {
  const path = join(folder, 'large.safetensors');
  const parameters = { data: new Float32Array(67_200_000).map((_, i) => i % 1009), shape: [67_200_000] };
  await saveCheckpoint(path, { state: {}, tensors: { parameters } });
  const found = (await loadCheckpoint(path)).tensors.parameters?.data as Float32Array;
  expect(Buffer.from(found.buffer).equals(Buffer.from(parameters.data.buffer))).toBe(true);
  await truncate(path, 68_000_000);
  await expect(loadCheckpoint(path)).rejects.toThrow(/its header speaks of \d+ bytes, but it has 68000000/);
  await rm(path);
});

it('names the file that is missing, damaged or something else', async () => {
  const missing = join(folder, 'missing.safetensors');
  await expect(loadCheckpoint(missing)).rejects.toThrow(`The checkpoint \`${missing}\` cannot be read`);
  await expect(loadCheckpoint(missing)).rejects.toMatchObject({
    code: 'POLYTASK_CHECKPOINT',
    cause: { code: 'ENOENT' },
  });
  await expect(loadCheckpoint(folder)).rejects.toThrow(CheckpointError);
  const cut = join(folder, 'cut.safetensors');
  const bytes = await encodeCheckpoint(checkpoint);
  await writeFile(cut, bytes.subarray(0, bytes.length - 1));
  await expect(loadCheckpoint(cut)).rejects.toThrow(`\`${cut}\`: This is not a complete Polytask checkpoint`);
  await expect(loadCheckpoint(cut)).rejects.toThrow(CheckpointError);
});

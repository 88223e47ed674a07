import { expect, it } from 'vitest';
import { streamRowFile } from '../../../src/node/rows/row-file-dataset.js';
import { madeUp } from '../../helpers/made-up-rows.js';

/** Blocks of 4 rows, windows of 3 blocks; of two strata, rows are multiples of 5 and others. */
const small = { block: 96, window: 288 };
const codes = Int32Array.from({ length: 40 }, (_, row) => (row % 5 === 0 ? 1 : 0));

it('deals strata into every stretch in proportion, a small one again and again in new orders', async () => {
  const dataset = await (await streamRowFile(madeUp(40), small)).draw({ codes, times: [1, 4] });
  expect(dataset.size).toBe(32 + 32);
  const rows = dataset.orderedRows('s');
  const seen: number[] = [];
  for (let from = 0; from < 64; from += 8) {
    const batch = await rows.take(['e'], from, 8);
    const ids = [...(batch.ids.half ?? [])].map((id) => id - 1000);
    expect(ids.filter((id) => id % 5 === 0)).toHaveLength(4);
    expect([...(batch.inputs.numbers?.data ?? [])].filter((_, i) => i % 2 === 0)).toEqual(ids);
    seen.push(...ids);
  }
  const rare = seen.filter((id) => id % 5 === 0);
  const passes = [0, 1, 2, 3].map((pass) => rare.slice(8 * pass, 8 * pass + 8));
  for (const pass of passes) expect([...pass].sort((a, b) => a - b)).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
  expect(new Set(passes.map(String)).size).toBe(4);
  const frequent = seen.filter((id) => id % 5 !== 0);
  expect(new Set(frequent).size).toBe(32);
});

it('gives the same rows at a place, however it was reached', async () => {
  const dataset = await (await streamRowFile(madeUp(40), small)).draw({ codes, times: [0.5, 3] });
  const all = await dataset.orderedRows('s').take(['e', 7], 0, 120);
  // In one piece, in steps, and from the middle, over the end of an epoch of 16 + 24 rows.
  const rows = dataset.orderedRows('s');
  const steps: number[] = [];
  for (let from = 0; from < 120; from += 5) steps.push(...((await rows.take(['e', 7], from, 5)).ids.half ?? []));
  const middle = await dataset.orderedRows('s').take(['e', 7], 35, 10);
  // Dealt in the same proportion, batch by batch; within a batch strata come one after another.
  expect([...steps].sort()).toEqual([...(all.ids.half ?? [])].sort());
  expect([...(middle.ids.half ?? [])].sort()).toEqual(steps.slice(35, 45).sort());
});

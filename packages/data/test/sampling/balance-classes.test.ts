import { tableDataset, UnknownNameError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { balanceClasses } from '../../src/index.js';

const rare = Int32Array.of(0, 0, 0, 0, 0, 1, 1, 2, -1, -1);
const x = { data: Float32Array.from(rare.keys()), shape: [10, 1] };
const dataset = tableDataset({ inputs: { x }, columns: { rare, y: new Float32Array(10) } });

const counts = (labels: ArrayLike<number>) =>
  [-1, 0, 1, 2].map((id) => Array.from(labels).filter((label) => label === id).length);

describe('balanceClasses', () => {
  it('repeats rare rows, each about as often', () => {
    const balanced = balanceClasses(dataset, 'rare', { seed: 1 });
    const { targets, ids } = balanced.labels('rare');
    expect(counts(targets.data)).toEqual([2, 5, 5, 5]);
    const times = (id: number) => ids.filter((one) => one === id).length;
    expect([times(0), times(7), times(5) + times(6), times(8)]).toEqual([1, 5, 5, 1]);
    expect(Math.abs(times(5) - times(6))).toBe(1);
    expect(balanceClasses(dataset, 'rare', { seed: 1 }).ids).toEqual(balanced.ids);
  });

  it('leaves frequent rows out, none twice', () => {
    const balanced = balanceClasses(dataset, 'rare', { method: 'undersample', seed: 2 });
    expect(counts(balanced.labels('rare').targets.data)).toEqual([2, 1, 1, 1]);
    expect(new Set(balanced.ids).size).toBe(5);
  });

  it('takes hundreds of thousands of rows in time that grows with their number', () => {
    const rows = 600_000;
    const many = tableDataset({
      inputs: { x: { data: new Float32Array(rows), shape: [rows, 1] } },
      columns: { k: Int32Array.from({ length: rows }, (_, row) => Number(row % 4 === 0)) },
    });
    const { targets } = balanceClasses(many, 'k').labels('k');
    expect(targets.data.length).toBe(900_000);
    expect(targets.data.reduce((sum, id) => sum + id, 0)).toBe(450_000);
  });

  it('keeps whole rows', () => {
    const batch = balanceClasses(dataset, 'rare').gather([0, 5, 10, 16]);
    expect([...(batch.inputs.x?.data ?? [])]).toEqual([...(batch.ids.rare ?? [])]);
  });

  it('refuses columns without classes', () => {
    expect(() => balanceClasses(dataset, 'y')).toThrow(/class ids/);
    expect(() => balanceClasses(dataset, 'z')).toThrow(UnknownNameError);
    expect(() => balanceClasses(dataset, 'rare', { method: 'no' as never })).toThrow(/oversample/);
  });
});

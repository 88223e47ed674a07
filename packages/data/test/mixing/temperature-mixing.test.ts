import {
  adam,
  createTrainer,
  firstStep,
  mlp,
  perTaskDatasets,
  regression,
  sumOfLosses,
  tableDataset,
  uniformStream,
} from '@polytask/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temperatureMixing, uniformMixing } from '../../src/index.js';
import { tinySharing } from '../helpers/tiny-sharing.js';

const bound = (temperature: number, sizes: readonly number[], batchSize: number) =>
  (temperature === Infinity ? uniformMixing() : temperatureMixing({ temperature })).bind({
    tasks: sizes.map(String),
    definitions: [],
    primary: undefined,
    groups: {},
    sizes,
    batchSize,
    uniform: (step) => uniformStream(1, step),
  });

describe('temperatureMixing', () => {
  it('fills every batch with whole rows, each share to within a row', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 64 }),
        fc.constantFrom(1, 2, 5, Infinity),
        fc.nat(99),
        (n, b, t, step) => {
          const rows = bound(t, n, b).rows({ ...firstStep, step });
          const total = n.reduce((sum, size) => sum + size ** (1 / t), 0);
          expect(rows.reduce((sum, count) => sum + count, 0)).toBe(b);
          rows.forEach((count, k) => {
            expect(count).toBeGreaterThanOrEqual(0);
            expect(Math.abs(count - (b * (n[k] as number) ** (1 / t)) / total)).toBeLessThan(1 + 1e-6);
          });
        },
      ),
    );
  });

  it('keeps the shares of the paper on average', () => {
    // 900 and 100 rows: 9 to 1 at T = 1, 3 to 1 at T = 2, 1 to 1 at infinity.
    for (const [temperature, share] of [
      [1, 0.1],
      [2, 0.25],
      [Number.POSITIVE_INFINITY, 0.5],
    ] as const) {
      const schedule = bound(temperature, [900, 100], 3);
      let small = 0;
      for (let step = 0; step < 4000; step++) small += schedule.rows({ ...firstStep, step })[1] as number;
      expect(small / 12_000).toBeCloseTo(share, 1);
    }
    expect(() => temperatureMixing({ temperature: 0.5 })).toThrow(/from 1/);
  });

  it('mixes the data sets of a run', async () => {
    const table = (column: string, rows: number) =>
      tableDataset({
        inputs: { x: { data: Float32Array.from({ length: rows }, (_, i) => i / rows), shape: [rows, 1] } },
        columns: { [column]: Float32Array.from({ length: rows }, (_, i) => i) },
      });
    const trainer = await createTrainer({
      tasks: [regression('large'), regression('small')],
      sharing: tinySharing(mlp([4])),
      balancing: sumOfLosses(),
      optimizer: adam(),
      schedule: uniformMixing(),
      seed: 1,
    });
    const history = await trainer.fit(perTaskDatasets({ large: table('large', 60), small: table('small', 4) }), {
      epochs: 1,
      batchSize: 8,
    });
    expect(history.steps).toBe(8);
    trainer.dispose();
  });
});

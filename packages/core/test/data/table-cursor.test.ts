import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countingTable, drain, idsOf } from './tables.js';

const orders = fc.record({
  rows: fc.integer({ min: 1, max: 60 }),
  batchSize: fc.integer({ min: 1, max: 20 }),
  shuffleSeed: fc.string(),
  epoch: fc.nat(5),
});

test('an epoch has every row exactly once, in batches of the batch size', () => {
  fc.assert(
    fc.property(orders, ({ rows, batchSize, shuffleSeed, epoch }) => {
      const dataset = countingTable(rows);
      const cursor = dataset.open({ batchSize, shuffleSeed });
      cursor.seek(epoch, 0);
      const batches = drain(cursor);
      expect(batches.length).toBe(dataset.batches({ batchSize }));
      expect(batches.slice(0, -1).every(({ size }) => size === batchSize)).toBe(true);
      expect(idsOf(batches).sort((a, b) => a - b)).toEqual([...dataset.ids]);
    }),
  );
});

test('same seed and epoch, same order, whatever came before', () => {
  fc.assert(
    fc.property(orders, fc.nat(3), ({ rows, batchSize, shuffleSeed, epoch }, before) => {
      const dataset = countingTable(rows);
      const fresh = dataset.open({ batchSize, shuffleSeed });
      const used = dataset.open({ batchSize, shuffleSeed });
      used.seek(before, 0);
      used.next();
      fresh.seek(epoch, 0);
      used.seek(epoch, 0);
      expect(drain(used)).toEqual(drain(fresh));
    }),
  );
});

test('seek gives what replay gives, and so does a saved position', () => {
  fc.assert(
    fc.property(orders, fc.nat(60), ({ rows, batchSize, shuffleSeed, epoch }, skip) => {
      const dataset = countingTable(rows);
      const open = () => dataset.open({ batchSize, shuffleSeed });
      const batch = Math.min(skip, dataset.batches({ batchSize }));
      const replayed = open();
      replayed.seek(epoch, 0);
      for (let i = 0; i < batch; i++) replayed.next();
      const sought = open();
      sought.seek(epoch, batch);
      const restored = open();
      restored.seekTo(JSON.parse(JSON.stringify(replayed.position())));
      const rest = drain(replayed);
      expect(drain(sought)).toEqual(rest);
      expect(drain(restored)).toEqual(rest);
    }),
  );
});

describe('a cursor', () => {
  test('starts at epoch 0', () => {
    const options = { batchSize: 3, shuffleSeed: 's' };
    const sought = countingTable(9).open(options);
    sought.seek(0, 0);
    expect(drain(countingTable(9).open(options))).toEqual(drain(sought));
  });

  test('goes on giving null at the end, until it is sent elsewhere', () => {
    const cursor = countingTable(3).open({ batchSize: 2 });
    drain(cursor);
    expect(cursor.next()).toBeNull();
    cursor.seek(0, 1);
    expect(idsOf([cursor.next() as never])).toEqual([2]);
  });

  test('leaves a smaller last batch out if asked to', () => {
    const batches = drain(countingTable(7).open({ batchSize: 3, lastBatch: 'drop' }));
    expect(batches.map(({ size }) => size)).toEqual([3, 3]);
  });

  test('refuses to give no batch at all', () => {
    expect(() => countingTable(2).open({ batchSize: 3, lastBatch: 'drop' })).toThrow(/2 rows, fewer than batchSize 3/);
  });

  test.each([
    [-1, 0],
    [0, 0.5],
    [Number.NaN, 0],
  ])('refuses to seek (%s, %s)', (epoch, batch) => {
    expect(() => countingTable(4).open({ batchSize: 2 }).seek(epoch, batch)).toThrow(/whole number from 0/);
  });

  test('refuses a position that is none', () => {
    expect(() => countingTable(4).open({ batchSize: 2 }).seekTo({ epoch: 'first' })).toThrow(/whole number from 0/);
  });
});

test('a cursor that may reuse arrays gives the same batches, each in the arrays of the batch before the last', () => {
  fc.assert(
    fc.property(orders, ({ rows, batchSize, shuffleSeed, epoch }) => {
      const dataset = countingTable(rows);
      const [fresh, reusing] = [false, true].map((reuse) => dataset.open({ batchSize, shuffleSeed, reuse }));
      fresh?.seek(epoch, 0);
      reusing?.seek(epoch, 0);
      const seen: unknown[] = [];
      for (let batch = reusing?.next(); batch; batch = reusing?.next()) {
        expect(batch).toEqual(fresh?.next());
        const [input] = Object.values(batch.inputs);
        if (seen.length >= 2 && batch.size === batchSize) expect(input?.data).toBe(seen.at(-2));
        expect(input?.data).not.toBe(seen.at(-1));
        seen.push(input?.data);
      }
      expect(fresh?.next()).toBe(null);
    }),
  );
});

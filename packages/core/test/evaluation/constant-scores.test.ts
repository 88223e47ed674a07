import {
  binary,
  classification,
  constantScores,
  denseClassification,
  multiLabel,
  regression,
  tableDataset,
} from '@polytask/core';
import { expect, it } from 'vitest';

const rows = (columns: Record<string, never>, count: number) =>
  tableDataset({ inputs: { x: { data: new Float32Array(count), shape: [count] } }, columns });

it('predicts the mean: R² is that of the mean of other rows', async () => {
  const task = regression('y');
  const train = rows({ y: [1, 3, null] } as never, 3);
  const test = rows({ y: [2, 4, null, 6] } as never, 4);
  const { y } = await constantScores([task], train, test);
  // Of 2, against 2, 4, 6: errors 0, 2, 4; the mean of the test rows would have 8 of the 20.
  expect(y?.mae).toBe(2);
  expect(y?.rmse).toBeCloseTo(Math.sqrt(20 / 3), 12);
  expect(y?.r2).toBeCloseTo(1 - 20 / 8, 12);
});

it('predicts the most frequent class, and the shares as probabilities', async () => {
  const task = classification('kind', { classes: 3 });
  const train = rows({ kind: Int32Array.of(0, 2, 2, -1, 2) } as never, 5);
  const test = rows({ kind: Int32Array.of(2, 2, 0, -1) } as never, 4);
  const { kind } = await constantScores([task], train, test);
  expect(kind?.accuracy).toBeCloseTo(2 / 3, 12);
  expect(kind?.logLoss).toBeCloseTo(-(2 * Math.log(0.75) + Math.log(0.25)) / 3, 6);
});

it('predicts the share of the yes, for one label and for several', async () => {
  const train = rows(
    {
      late: Int32Array.of(0, 0, 1, 0),
      tags: { data: Float32Array.of(1, 0, 1, 1, Number.NaN, 0, 1, 0), shape: [4, 2] },
    } as never,
    4,
  );
  const found = await constantScores([binary('late'), multiLabel('tags', { labels: 2 })], train, train);
  expect(found.late).toMatchObject({ accuracy: 0.75, f1: 0, auc: 0.5 });
  expect(found.late?.logLoss).toBeCloseTo(-(3 * Math.log(0.75) + Math.log(0.25)) / 4, 6);
  // All of the first label are yes; a quarter of the second is.
  expect(found.tags?.accuracy).toBeCloseTo(6 / 7, 12);
});

it('leaves out what is no label of a table', async () => {
  const task = denseClassification('pixels', { classes: 2, positions: [2] });
  const train = rows({ pixels: { data: Int32Array.of(0, 1), shape: [1, 2] } } as never, 1);
  expect(await constantScores([task], train, train)).toEqual({});
});

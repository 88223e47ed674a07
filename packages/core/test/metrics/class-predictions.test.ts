import { expect, it } from 'vitest';
import { eachDecision } from '../../src/metrics/class-predictions.js';
import { metricLayout } from '../../src/metrics/metric-layout.js';
import { binary, classes, type Kind, metricRows, type Row } from './metric-rows.js';

function decisions(kind: Kind, rows: readonly Row[], threshold = 0.5): number[][] {
  const found: number[][] = [];
  const data = metricRows(kind, rows);
  eachDecision(metricLayout('m', data), data, threshold, (target, predicted) => found.push([target, predicted]));
  return found;
}

it('takes the most probable class, the lower one in a tie, and −1 for NaN', () => {
  const rows = [
    { p: [0.25, 0.5, 0.25], t: [2], w: 1 },
    { p: [0.5, 0.5, 0], t: [0], w: 1 },
    { p: [Number.NaN, Number.NaN, Number.NaN], t: [0], w: 1 },
  ];
  expect(decisions(classes, rows)).toEqual([
    [2, 1],
    [0, 0],
    [0, -1],
  ]);
});

it('takes a yes from the threshold on', () => {
  const rows = [0.25, 0.75, Number.NaN].map((p) => ({ p: [p], t: [1], w: 1 }));
  expect(decisions(binary, rows)).toEqual([
    [1, 0],
    [1, 1],
    [1, -1],
  ]);
  expect(decisions(binary, rows, 0.25)[0]).toEqual([1, 1]);
});

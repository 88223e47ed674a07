import { expect, test } from 'vitest';
import { labelDependence } from '../../src/labels/label-dependence.js';

const numbers = { kind: 'numbers', values: [1, 2, 3, 4, 5, NaN] } as const;
const squares = { kind: 'numbers', values: [1, 4, 9, 16, 25, 1] } as const;
const classes = { kind: 'classes', values: [0, 0, 1, 1, 1, 0] } as const;

test('the measure fits the kinds, whichever comes first', () => {
  expect(labelDependence(numbers, squares)).toMatchObject({ measure: 'pearson', ranks: 1, rows: 5 });
  expect(labelDependence(classes, classes)).toMatchObject({ measure: 'cramers-v', rows: 6 });
  expect(labelDependence(classes, classes).value).toBeCloseTo(1, 10);
  const [one, other] = [labelDependence(classes, squares), labelDependence(squares, classes)];
  expect(one).toMatchObject({ measure: 'correlation-ratio', rows: 6 });
  expect(other.value).toBeCloseTo(one.value, 12);
});

test('vectors by their largest canonical correlation', () => {
  const vectors = {
    kind: 'vectors',
    values: [
      [0, 2],
      [1, 4],
      [0, 6],
      [1, 8],
      [0, 10],
      [NaN, 1],
    ],
  } as const;
  const found = labelDependence(vectors, numbers);
  expect(found).toMatchObject({ measure: 'canonical-correlation', rows: 5 });
  expect(found.value).toBeCloseTo(1, 10);
  expect(labelDependence(classes, vectors).value).toBeGreaterThan(0.8);
  expect(labelDependence(vectors, { kind: 'numbers', values: new Array(6).fill(NaN) }).value).toBeNaN();
});

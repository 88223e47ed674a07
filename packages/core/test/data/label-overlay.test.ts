import { describe, expect, test } from 'vitest';
import { createOverlays, type LabelOverlay } from '../../src/data/label-overlay.js';
import { DatasetError } from '../../src/errors/dataset-error.js';

const ids = Int32Array.of(4, 2);
const targets = { data: Int32Array.of(1, 0), shape: [2] };
const weights = Float32Array.of(0.5, 1);

describe('overlays', () => {
  test('are looked up by task, rows by id', () => {
    const overlays = createOverlays();
    overlays.setOverlay('left', { ids, targets });
    expect(overlays.lookup('left')?.rows.get(2)).toBe(1);
    expect(overlays.lookup('left')?.rows.get(3)).toBeUndefined();
    expect(overlays.lookup('right')).toBeUndefined();
  });

  test('replace the one before', () => {
    const overlays = createOverlays();
    overlays.setOverlay('left', { ids, targets, weights });
    overlays.setOverlay('left', { ids: Int32Array.of(9), weights: Float32Array.of(2) });
    expect(overlays.lookup('left')).toEqual({
      ids: Int32Array.of(9),
      weights: Float32Array.of(2),
      rows: new Map([[9, 0]]),
    });
  });

  test('are taken off one task, or all', () => {
    const overlays = createOverlays();
    for (const task of ['left', 'right', 'sum']) overlays.setOverlay(task, { ids, weights });
    overlays.clear('left');
    expect([overlays.lookup('left'), overlays.lookup('right')?.ids]).toEqual([undefined, ids]);
    overlays.clear();
    expect(overlays.lookup('right')).toBeUndefined();
  });

  test('survive a checkpoint', () => {
    const overlays = createOverlays();
    overlays.setOverlay('left', { ids, targets, weights });
    overlays.setOverlay('right', { ids, targets: { data: new Float32Array(6), shape: [2, 3] } });
    overlays.setOverlay('sum', { ids, weights });
    const restored = createOverlays();
    restored.setOverlay('old', { ids, weights });
    restored.fromState(overlays.toState());
    expect(restored.toState()).toEqual(overlays.toState());
    expect(restored.lookup('left')).toEqual(overlays.lookup('left'));
    expect(restored.lookup('old')).toBeUndefined();
  });

  test('may name no row', () => {
    const overlays = createOverlays();
    overlays.setOverlay('left', { ids: new Int32Array(0), targets: { data: new Int32Array(0), shape: [0] } });
    expect(overlays.lookup('left')?.rows.size).toBe(0);
  });

  test.each([
    ['an id twice', { ids: Int32Array.of(1, 1) }, /2 ids of 1 rows/],
    ['targets of other rows', { ids, targets: { data: new Int32Array(3), shape: [3] } }, /shape \[2, ...\]/],
    [
      'targets short of their shape',
      { ids, targets: { data: new Int32Array(3), shape: [2, 2] } },
      /3 numbers of shape/,
    ],
    ['too few weights', { ids, weights: Float32Array.of(1) }, /2 weights, one per id, but has 1/],
    ['a negative weight', { ids, weights: Float32Array.of(1, -1) }, /but has -1/],
    ['a NaN weight', { ids, weights: Float32Array.of(1, Number.NaN) }, /but has NaN/],
  ] as [string, LabelOverlay, RegExp][])('refuse %s', (_, overlay, message) => {
    expect(() => createOverlays().setOverlay('left', overlay)).toThrow(DatasetError);
    expect(() => createOverlays().setOverlay('left', overlay)).toThrow(message);
  });

  test('refuse a state that is none, and keep what they have', () => {
    const overlays = createOverlays();
    overlays.setOverlay('left', { ids, weights });
    expect(() => overlays.fromState({ right: { ids: [1, 2] } })).toThrow(DatasetError);
    expect(overlays.lookup('left')).toBeDefined();
  });
});

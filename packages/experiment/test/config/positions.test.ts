import { describe, expect, it } from 'vitest';
import { LineCounter, parseDocument } from 'yaml';
import { createPositions } from '../../src/config/positions.js';

function positionsOf(text: string) {
  const lineCounter = new LineCounter();
  return createPositions(parseDocument(text, { lineCounter, merge: true }), lineCounter);
}

const positions = positionsOf(`data:
  use: multimnist
tasks:
  - { name: left, classes: 10 }
  - name: right
    classes:
"sharing": &shared
  use: x
copy: *shared
merged:
  <<: *shared
  own: 1
`);

describe('valueAt', () => {
  it.each([
    [['data', 'use'], 2, 8],
    [['tasks', 0, 'classes'], 4, 28],
    [['tasks', 1, 'name'], 5, 11],
    [['tasks', 1], 5, 5],
    [['sharing', 'use'], 8, 8],
  ])('%j is at %i:%i', (path, line, column) => {
    expect(positions.valueAt(path)).toEqual({ line, column });
  });

  it('points at the key where nothing stands behind it', () => {
    expect(positions.valueAt(['tasks', 1, 'classes'])).toEqual({ line: 6, column: 5 });
  });

  it('points at the nearest key above where the file has no such path', () => {
    expect(positions.valueAt(['data', 'seed'])).toEqual({ line: 1, column: 1 });
    expect(positions.valueAt(['tasks', 0, 'column'])).toEqual({ line: 4, column: 5 });
    expect(positions.valueAt(['merged', 'x', 'y'])).toEqual({ line: 10, column: 1 });
    expect(positions.valueAt(['seed'])).toEqual({ line: 1, column: 1 });
    expect(positions.valueAt([])).toEqual({ line: 1, column: 1 });
  });

  it('follows aliases and merges to what they stand for', () => {
    expect(positions.valueAt(['copy', 'use'])).toEqual({ line: 8, column: 8 });
    expect(positions.valueAt(['merged', 'use'])).toEqual({ line: 8, column: 8 });
  });

  it('copes with an empty file', () => {
    expect(positionsOf('').valueAt(['data'])).toEqual({ line: 1, column: 1 });
  });
});

describe('keyAt', () => {
  it('is where the key stands, if the file has it', () => {
    expect(positions.keyAt(['tasks', 0, 'classes'])).toEqual({ line: 4, column: 19 });
    expect(positions.keyAt(['sharing'])).toEqual({ line: 7, column: 1 });
    expect(positions.keyAt(['tasks', 0])).toBeUndefined();
    expect(positions.keyAt(['seed'])).toBeUndefined();
  });
});

describe('depthOf', () => {
  it('counts the keys that the file has', () => {
    expect(positions.depthOf(['tasks', 0, 'name'])).toBe(3);
    expect(positions.depthOf(['tasks', 2, 'name'])).toBe(1);
    expect(positions.depthOf(['seed'])).toBe(0);
  });
});

describe('ofOffset', () => {
  it('counts lines and columns from 1', () => {
    expect(positions.ofOffset(0)).toEqual({ line: 1, column: 1 });
    expect(positions.ofOffset(8)).toEqual({ line: 2, column: 3 });
  });
});

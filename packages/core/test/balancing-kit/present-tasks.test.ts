import { describe, expect, it } from 'vitest';
import { compact, compactMatrix, spread } from '../../src/balancing-kit/present-tasks.js';

describe('tasks that are present', () => {
  const gramian = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

  it('keep their rows and columns of a Gramian', () => {
    expect(compactMatrix(gramian, [0, 2], 3)).toEqual(Float64Array.of(1, 3, 7, 9));
    expect(compactMatrix(gramian, [1], 3)).toEqual(Float64Array.of(5));
    expect(compactMatrix(gramian, [0, 1, 2], 3)).toEqual(gramian);
    expect(compactMatrix(gramian, [0, 1, 2], 3)).not.toBe(gramian);
    expect(compactMatrix(gramian, [], 3)).toEqual(new Float64Array(0));
    expect(compactMatrix(gramian, [2, 1, 0], 3)).toEqual(Float64Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1));
  });

  it('keep their numbers', () => {
    expect(compact([5, 6, 7], [0, 2])).toEqual(Float64Array.of(5, 7));
    expect(spread(compact([5, 6, 7], [0, 2]), [0, 2], 3)).toEqual(Float64Array.of(5, 0, 7));
  });

  it('have weights; the others have 0', () => {
    expect(spread(Float64Array.of(5, 6), [0, 2], 3)).toEqual(Float64Array.of(5, 0, 6));
    expect(spread(new Float64Array(0), [], 2)).toEqual(new Float64Array(2));
  });
});

import { describe, expect, it } from 'vitest';
import { compacted, spread } from '../../src/plans/present-objectives.js';

describe('objectives that are present', () => {
  const gramian = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

  it('keep their rows and columns of a Gramian', () => {
    expect(compacted(gramian, [0, 2], 3)).toEqual(Float64Array.of(1, 3, 7, 9));
    expect(compacted(gramian, [1], 3)).toEqual(Float64Array.of(5));
    expect(compacted(gramian, [0, 1, 2], 3)).toEqual(gramian);
    expect(compacted(gramian, [], 3)).toEqual(new Float64Array(0));
  });

  it('have weights; the others have 0', () => {
    expect(spread(Float64Array.of(5, 6), [0, 2], 3)).toEqual(Float64Array.of(5, 0, 6));
    expect(spread(new Float64Array(0), [], 2)).toEqual(new Float64Array(2));
  });
});

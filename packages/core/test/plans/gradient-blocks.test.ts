import { describe, expect, it } from 'vitest';
import type { ParameterLayout } from '../../src/contracts/parameters.js';
import { gradientBlocks } from '../../src/plans/gradient-blocks.js';

/** Segments `[layer, size, used by]` in the order of a layout; what two tasks use is shared. */
function layoutOf(...parts: readonly [string, number, string][]): ParameterLayout {
  let offset = 0;
  const segments = parts.map(([layer, size, usedBy]) => {
    const segment = { layer, offset, size, usedBy: [...usedBy] };
    offset += size;
    return segment;
  });
  const shared = segments.filter(({ usedBy }) => usedBy.length > 1);
  return { segments, sharedSize: shared.reduce((sum, { size }) => sum + size, 0) } as unknown as ParameterLayout;
}

const layout = layoutOf(
  ['trunk/0', 4, 'abc'],
  ['trunk/0', 2, 'abc'],
  ['trunk/1', 3, 'abc'],
  ['branch', 5, 'bc'],
  ['head', 9, 'a'],
);
const found = (of: Parameters<typeof gradientBlocks>[1], from = layout) =>
  gradientBlocks(from, of).map(({ name, offset, size }) => [name, offset, size]);

describe('blocks', () => {
  it('all that is shared', () => {
    expect(found('shared')).toEqual([['shared', 0, 14]]);
    expect(found('representation')).toEqual([['representation', 0, 14]]);
  });

  it('each layer by itself, its variables together', () => {
    expect(found('layers')).toEqual([
      ['trunk/0', 0, 6],
      ['trunk/1', 6, 3],
      ['branch', 9, 5],
    ]);
  });

  it('the last layer of those that most tasks share', () => {
    expect(found('last-shared-layer')).toEqual([['trunk/1', 6, 3]]);
    expect(found('last-shared-layer', layoutOf(['x', 1, 'ab'], ['y', 2, 'bc'], ['h', 3, 'a']))).toEqual([['y', 1, 2]]);
  });

  it('have names of their own where a layer lies in several places', () => {
    const split = layoutOf(
      ['x', 1, 'abc'],
      ['y', 2, 'abc'],
      ['x', 3, 'ab'],
      ['x', 4, 'ab'],
      ['y', 5, 'ab'],
      ['x', 6, 'ab'],
    );
    expect(found('layers', split)).toEqual([
      ['x', 0, 1],
      ['y', 1, 2],
      ['x #2', 3, 7],
      ['y #2', 10, 5],
      ['x #3', 15, 6],
    ]);
  });
});

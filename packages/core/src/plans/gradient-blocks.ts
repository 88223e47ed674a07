import type { GradientsOf } from '../contracts/gradient-balancing.js';
import type { ParameterLayout } from '../contracts/parameters.js';

/** A piece of the shared part of the flat vector. */
export interface GradientBlock {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Tasks that use any of it; the rows of J of the others are zero. */
  readonly usedBy: readonly string[];
}

const known = new WeakMap<ParameterLayout, Map<GradientsOf, readonly GradientBlock[]>>();

/** The columns of J whose Gramians a method compares: all, the last layer that the most tasks share, or each layer by itself. */
export function gradientBlocks(layout: ParameterLayout, of: GradientsOf): readonly GradientBlock[] {
  const before = known.get(layout) ?? new Map<GradientsOf, readonly GradientBlock[]>();
  const blocks = before.get(of) ?? findBlocks(layout, of);
  known.set(layout, before.set(of, blocks));
  return blocks;
}

function findBlocks(layout: ParameterLayout, of: GradientsOf): readonly GradientBlock[] {
  const shared = layout.segments.filter(({ offset }) => offset < layout.sharedSize);
  if (of === 'shared' || of === 'representation') {
    const usedBy = [...new Set(shared.flatMap((segment) => segment.usedBy))];
    return [{ name: of, offset: 0, size: layout.sharedSize, usedBy }];
  }
  const blocks: { name: string; layer: string; offset: number; size: number; usedBy: readonly string[] }[] = [];
  for (const { layer, offset, size, usedBy } of shared) {
    const last = blocks.at(-1);
    if (last !== undefined && last.layer === layer && last.usedBy.join() === usedBy.join()) last.size += size;
    else {
      // A layer lies in several places where not all of its variables are used by the same tasks.
      const before = blocks.filter((block) => block.layer === layer).length;
      const name = before === 0 ? layer : `${layer} #${before + 1}`;
      blocks.push({ name, layer, offset, size, usedBy });
    }
  }
  if (of === 'layers') return blocks;
  const most = Math.max(...blocks.map((block) => block.usedBy.length));
  return blocks.filter((block) => block.usedBy.length === most).slice(-1);
}

import type { GradientsOf } from '../spec/gradient-balancing.js';
import type { ParameterLayout } from '../spec/parameters.js';

/** A piece of the shared part of the flat vector. */
export interface GradientBlock {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** The columns of J whose Gramians a method compares: all, the last layer that the most tasks share, or each layer by itself. */
export function gradientBlocks(layout: ParameterLayout, of: GradientsOf): readonly GradientBlock[] {
  if (of === 'shared' || of === 'representation') return [{ name: of, offset: 0, size: layout.sharedSize }];
  const blocks: { name: string; layer: string; offset: number; size: number; tasks: number }[] = [];
  for (const { layer, offset, size, usedBy } of layout.segments) {
    if (offset >= layout.sharedSize) break;
    const last = blocks.at(-1);
    if (last !== undefined && last.layer === layer) last.size += size;
    else {
      // A layer lies in several places where not all of its variables are used by the same tasks.
      const before = blocks.filter((block) => block.layer === layer).length;
      const name = before === 0 ? layer : `${layer} #${before + 1}`;
      blocks.push({ name, layer, offset, size, tasks: usedBy.length });
    }
  }
  if (of === 'layers') return blocks;
  const most = Math.max(...blocks.map((block) => block.tasks));
  return blocks.filter((block) => block.tasks === most).slice(-1);
}

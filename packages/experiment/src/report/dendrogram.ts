import type { Merge } from '@polytask/analysis';
import { roomForNames, rowAxes, rowNames } from './interval-chart.js';
import { colour, type Picture } from './picture.js';

/**
 * A tree of clusters, leaves on the left and their distance to the right.
 *
 * @example
 * ```ts
 * import { dendrogram, drawPicture } from '@polytask/experiment';
 *
 * const merges = [{ clusters: [0, 2], distance: 0.2 }, { clusters: [1, 3], distance: 0.9 }] as const;
 * const picture = dendrogram({ title: 'Groups', description: 'a and c are near', leaves: ['a', 'b', 'c'], merges });
 * console.log((await drawPicture(picture)).slice(0, 4)); // => <svg
 * ```
 */
export function dendrogram(tree: {
  readonly title: string;
  readonly description: string;
  readonly leaves: readonly string[];
  /** In the order in which they happen, as `hierarchicalClustering` gives them. */
  readonly merges: readonly Pick<Merge, 'clusters' | 'distance'>[];
  /** What the distances are. Default `distance`. */
  readonly x?: string;
  readonly width?: number;
}): Picture {
  const { title, description, leaves, merges, x = 'distance', width = 560 } = tree;
  const order = leafOrder(leaves.length, merges);
  const last = leaves.length - 1;
  const places: { x: number; y: number }[] = [];
  for (const [place, leaf] of order.entries()) places[leaf] = { x: 0, y: last - place };
  const lines = merges.map(({ clusters: [left, right], distance }, index) => {
    const [a, b] = [places[left] ?? { x: 0, y: 0 }, places[right] ?? { x: 0, y: 0 }];
    places[leaves.length + index] = { x: distance, y: (a.y + b.y) / 2 };
    return {
      type: 'line',
      showSymbol: false,
      data: [
        [a.x, a.y],
        [distance, a.y],
        [distance, b.y],
        [b.x, b.y],
      ],
      lineStyle: { color: colour('c0'), width: 2 },
    };
  });
  const left = roomForNames(leaves);
  return {
    title,
    description,
    width,
    height: leaves.length * 28 + 60,
    option: {
      grid: { left, right: 24, top: 8, bottom: 44 },
      ...rowAxes(leaves.length, x, { min: 0 }),
      series: [...lines, rowNames(order.map((leaf) => leaves[leaf] ?? ''))],
    },
  };
}

/** Leaves in an order in which no line crosses another. */
function leafOrder(leaves: number, merges: readonly Pick<Merge, 'clusters'>[]): number[] {
  const members: number[][] = Array.from({ length: leaves }, (_, leaf) => [leaf]);
  const inside = new Set<number>();
  for (const {
    clusters: [left, right],
  } of merges) {
    members.push([...(members[left] ?? []), ...(members[right] ?? [])]);
    inside.add(left).add(right);
  }
  return members.flatMap((leafs, cluster) => (inside.has(cluster) ? [] : leafs));
}

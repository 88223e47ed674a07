import { roomForNames, rowAxes, rowNames } from './interval-chart.js';
import { colour, type Picture } from './picture.js';

/** Two clusters that become one. Leaves are 0 … n − 1, the cluster of the k-th merge is n + k. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  /** Distance at which it happens. */
  readonly height: number;
}

/**
 * A tree of clusters, leaves on the left and their distance to the right.
 *
 * @example
 * ```ts
 * import { dendrogram, drawPicture } from '@polytask/experiment';
 *
 * const merges = [{ left: 0, right: 2, height: 0.2 }, { left: 1, right: 3, height: 0.9 }];
 * const picture = dendrogram({ title: 'Groups', description: 'a and c are near', leaves: ['a', 'b', 'c'], merges });
 * console.log((await drawPicture(picture)).slice(0, 4)); // => <svg
 * ```
 */
export function dendrogram(tree: {
  readonly title: string;
  readonly description: string;
  readonly leaves: readonly string[];
  /** In the order in which they happen. */
  readonly merges: readonly Merge[];
  /** What the heights are. Default `distance`. */
  readonly x?: string;
  readonly width?: number;
}): Picture {
  const { title, description, leaves, merges, x = 'distance', width = 560 } = tree;
  const order = leafOrder(leaves.length, merges);
  const last = leaves.length - 1;
  const places: { x: number; y: number }[] = [];
  for (const [place, leaf] of order.entries()) places[leaf] = { x: 0, y: last - place };
  const lines = merges.map(({ left, right, height }, index) => {
    const [a, b] = [places[left] ?? { x: 0, y: 0 }, places[right] ?? { x: 0, y: 0 }];
    places[leaves.length + index] = { x: height, y: (a.y + b.y) / 2 };
    return {
      type: 'line',
      showSymbol: false,
      data: [
        [a.x, a.y],
        [height, a.y],
        [height, b.y],
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
function leafOrder(leaves: number, merges: readonly Merge[]): number[] {
  const members: number[][] = Array.from({ length: leaves }, (_, leaf) => [leaf]);
  const inside = new Set<number>();
  for (const { left, right } of merges) {
    members.push([...(members[left] ?? []), ...(members[right] ?? [])]);
    inside.add(left).add(right);
  }
  return members.flatMap((leafs, cluster) => (inside.has(cluster) ? [] : leafs));
}

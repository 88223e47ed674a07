import { colour, type Picture, short, shortNumber, widthOf } from './picture.js';

/** An arrow from a task to another, which it helps or hurts. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  /** Above 0 where it helps. */
  readonly value: number;
}

/**
 * Tasks on a circle, with an arrow from each to those that it helps or hurts: the thicker the more.
 *
 * @example
 * ```ts
 * import { drawPicture, transferGraph } from '@polytask/experiment';
 *
 * const edges = [{ from: 'depth', to: 'labels', value: 0.4 }, { from: 'labels', to: 'depth', value: -0.1 }];
 * const picture = transferGraph({ title: 'Transfer', description: 'depth helps labels', nodes: ['depth', 'labels'], edges });
 * console.log((await drawPicture(picture)).slice(0, 4)); // => <svg
 * ```
 */
export function transferGraph(graph: {
  readonly title: string;
  readonly description: string;
  readonly nodes: readonly string[];
  readonly edges: readonly Transfer[];
  /** A value as its arrow shows it: all of few, else the largest. Default: three digits. */
  readonly format?: (value: number) => string;
  /** Of the circle, in pixels. Default 160. */
  readonly radius?: number;
}): Picture {
  const { title, description, nodes, edges, format = shortNumber, radius = 160 } = graph;
  const largest = Math.max(...edges.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const angles = nodes.map((_, index) => (2 * Math.PI * index) / nodes.length - Math.PI / 2);
  const beside = 24 + Math.max(30, ...nodes.map((name) => widthOf(short(name), 12)));
  const [width, height] = [2 * (radius + beside), 2 * (radius + 36)];
  // A triangle does not reach down to where a circle does.
  const lowest = Math.max(...angles.map((angle) => Math.sin(angle)));
  const below = Math.min(0, Math.ceil((lowest - 1) * radius));
  // Opposite corners, so that what fits the nodes into the picture does not stretch them.
  const corners = [-radius, radius].map((at) => ({
    id: `corner${at}`,
    name: '',
    x: at,
    y: at,
    symbolSize: 0,
    itemStyle: { color: 'transparent' },
    silent: true,
  }));
  return {
    title,
    description,
    width,
    height: height + below,
    option: {
      series: [
        {
          type: 'graph',
          layout: 'none',
          left: beside,
          right: beside,
          top: 36,
          bottom: 36 + below,
          // By number: names may be equal to the number of another.
          data: [
            ...corners,
            ...nodes.map((name, index) => ({
              id: `n${index}`,
              name,
              x: Math.cos(angles[index] ?? 0) * radius,
              y: Math.sin(angles[index] ?? 0) * radius,
              symbolSize: 14,
              itemStyle: { color: colour('c0') },
              label: {
                show: true,
                position: labelSide(angles[index] ?? 0),
                color: colour('ink'),
                fontSize: 12,
                formatter: () => short(name),
              },
            })),
          ],
          links: edges.map(({ from, to, value }) => ({
            source: `n${nodes.indexOf(from)}`,
            target: `n${nodes.indexOf(to)}`,
            symbolSize: [0, 5 + (7 * Math.abs(value)) / largest],
            lineStyle: {
              color: colour(value < 0 ? 'worse' : 'better'),
              width: 0.6 + (4 * Math.abs(value)) / largest,
              curveness: 0.18,
              opacity: 0.9,
            },
            label: {
              // More would lie over each other where arrows cross.
              show: edges.length <= 6 || (edges.length <= 30 && Math.abs(value) > largest / 3),
              color: colour('ink'),
              fontSize: 10,
              formatter: () => format(value),
            },
          })),
          edgeSymbol: ['none', 'arrow'],
        },
      ],
    },
  };
}

function labelSide(angle: number): 'left' | 'right' | 'top' | 'bottom' {
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  if (Math.abs(x) > 0.35) return x > 0 ? 'right' : 'left';
  return y > 0 ? 'bottom' : 'top';
}

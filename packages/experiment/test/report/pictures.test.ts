import { describe, expect, it } from 'vitest';
import { dendrogram } from '../../src/report/dendrogram.js';
import { drawPicture, escapeText, standaloneSvg } from '../../src/report/draw-picture.js';
import { heatMap } from '../../src/report/heat-map.js';
import { intervalChart } from '../../src/report/interval-chart.js';
import { lineChart } from '../../src/report/line-chart.js';
import { type Picture, palette } from '../../src/report/picture.js';
import { scatterChart } from '../../src/report/scatter-chart.js';
import { transferGraph } from '../../src/report/transfer-graph.js';

/** What strangers call their tasks. */
const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  '{a|b}{value}',
  "&lt;'\u0000\u001b[31m\u202e",
  '日本語',
];
const of = { title: hostile[0] as string, description: hostile[1] as string };
const square = hostile.map((_, y) => hostile.map((__, x) => (x === y ? null : Math.sin(3 * y + x))));
const [a = '', b = ''] = hostile;

const pictures: { readonly [kind: string]: Picture } = {
  heatMap: heatMap({ ...of, rows: hostile, columns: hostile, values: square, rowTitle: a, columnTitle: b }),
  dendrogram: dendrogram({
    ...of,
    leaves: hostile,
    merges: [0.1, 0.2, 0.3, 0.4].map((height, k) => ({
      clusters: [k === 0 ? 0 : 4 + k, k + 1] as const,
      distance: height,
    })),
    x: a,
  }),
  transferGraph: transferGraph({
    ...of,
    nodes: hostile,
    edges: [
      { from: a, to: b, value: 2 },
      { from: b, to: a, value: -1 },
    ],
    format: (value) => `${value}<i>`,
  }),
  lineChart: lineChart({ ...of, x: a, y: b, lines: hostile.map((name, k) => ({ name, points: [[1, k], [2, null], [3, k + 1]] })) }), // biome-ignore format: one line
  intervalChart: intervalChart({ ...of, x: a, rows: hostile.map((name, k) => ({ name, value: k, low: -1, high: 9 })) }),
  scatterChart: scatterChart({ ...of, x: a, y: b, points: [[1, 2], [3, 3]] }), // biome-ignore format: one line
};

/** Names of open tags that are closed again, in order; fails where they do not match. */
function requireBalanced(svg: string): void {
  const open: string[] = [];
  for (const [, close, name = '', alone] of svg.matchAll(/<(\/?)([\w:-]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!alone) open.push(name);
  }
  expect(open).toEqual([]);
}

describe.each(Object.entries(pictures))('%s', (_, picture) => {
  it('is one SVG, whatever its names are', async () => {
    const svg = await drawPicture(picture, 'p1');
    expect(svg).toMatch(/^<svg xmlns="[^"]+" viewBox="0 0 [\d.]+ [\d.]+" width=/);
    expect(svg).toContain(`aria-label="${escapeText(`${of.title}. ${of.description}`)}"`);
    expect([...svg.matchAll(/<([a-z]+)/gi)].map(([, name]) => name)).toEqual(
      expect.arrayContaining(['svg', 'path', 'text']),
    );
    expect(svg).not.toMatch(/<(script|img|style|i|b)\b/i);
    expect(svg).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    requireBalanced(svg);
    expect(await drawPicture(picture, 'p1')).toBe(svg);
  });

  it('has no colours but those that a page can make light or dark', async () => {
    const svg = (await drawPicture(picture)).replaceAll(/<clipPath[\s\S]*?<\/clipPath>/g, '');
    const colours = [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour);
    const seen = colours.filter(
      (colour) => colour !== 'none' && colour !== 'transparent' && !colour?.startsWith('rgb(0,0,0'),
    );
    const known = Object.keys(palette).map((name) => `var(--${name})`);
    expect([...new Set(seen)].filter((colour) => !known.includes(colour ?? ''))).toEqual([]);
    const alone = standaloneSvg(svg, 'dark');
    expect(alone).not.toContain('var(');
    expect(alone).toContain(`fill="${palette.paper[1]}"`);
  });
});

describe('drawPicture', () => {
  it('gives the pictures of a page names of their own', async () => {
    const { lineChart: picture } = pictures as { lineChart: Picture };
    const ids = async (id: string) =>
      [...(await drawPicture(picture, id)).matchAll(/ id="([^"]+)"/g)].map(([, name]) => name);
    const [first, second] = [await ids('one'), await ids('two')];
    expect(first.length).toBeGreaterThan(0);
    expect(first.every((name) => name?.startsWith('one-'))).toBe(true);
    expect(second.every((name) => name?.startsWith('two-'))).toBe(true);
  });
});

describe('dendrogram', () => {
  it('orders leaves so that no line crosses another, and joins clusters in their middle', () => {
    const picture = dendrogram({
      ...of,
      leaves: ['a', 'b', 'c', 'd'],
      merges: [
        { clusters: [0, 2], distance: 1 },
        { clusters: [1, 3], distance: 2 },
        { clusters: [4, 5], distance: 5 },
      ],
    });
    const lines = (picture.option.series as { data: number[][]; type: string }[]).filter(({ type }) => type === 'line');
    // From the top: a, c, b, d.
    expect(lines.map(({ data }) => data)).toEqual([
      [[0, 3], [1, 3], [1, 2], [0, 2]],
      [[0, 1], [2, 1], [2, 0], [0, 0]],
      [[1, 2.5], [5, 2.5], [5, 0.5], [2, 0.5]],
    ]); // biome-ignore format: points
  });
});

describe('heatMap', () => {
  it('has the more colour the larger the value, one for either side of 0', () => {
    const cells = (values: (number | null)[][]) =>
      (
        heatMap({ ...of, rows: ['a'], columns: ['x', 'y', 'z'], values }).option.series as {
          data: { value: number[]; itemStyle: { color: string; opacity: number } }[];
        }[]
      )[0]?.data.map(({ value, itemStyle }) => [value[0], itemStyle.color, itemStyle.opacity]);
    expect(cells([[-2, null, 1]])).toEqual([
      [0, 'var(--worse)', 1],
      [2, 'var(--better)', 0.5],
    ]);
    expect(cells([[4, 1, Number.NaN]])).toEqual([
      [0, 'var(--c0)', 0.6],
      [1, 'var(--c0)', 0.15],
    ]);
  });
});

/**
 * Two tasks whose gradients conflict, in two dimensions that one can look at: the toy problem of the papers of CAGrad, Nash-MTL and FAMO. The sum
 * of the losses lingers where their gradients cancel; methods that compare gradients come to the Pareto front, each to another place on it. Learning rates are four times those of the papers.
 *
 * Prints where each ends, and writes `conflicting-gradients.svg` and `.png` with the ways that they took into the folder it is given, or
 * that of temporary files.
 *
 *     npx tsx --conditions=polytask:source conflicting-gradients.ts [folder]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineGradientBalancing, firstStep, type GradientBalancing, openScope } from '@polytask/core';
import { cagrad, imtlG, mgda, nashMtl } from '@polytask/task-weighting';
import { encode } from 'fast-png';

type Point = readonly [number, number];

/** Both losses: a wall each above x_2 = 0, with the logarithm of the distance to a curve, and a bowl each below. */
function lossesAt([x1, x2]: Point): Point {
  const [c1, c2] = [Math.max(Math.tanh(0.5 * x2), 0), Math.max(Math.tanh(-0.5 * x2), 0)];
  const p1 = Math.log(Math.max(Math.abs(0.5 * (-x1 - 7) - Math.tanh(-x2)), 5e-6)) + 6;
  const p2 = Math.log(Math.max(Math.abs(0.5 * (-x1 + 3) + Math.tanh(-x2) + 2), 5e-6)) + 6;
  const bowl = (middle: number) => ((x1 - middle) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20;
  return [p1 * c1 + bowl(7) * c2, p2 * c1 + bowl(-7) * c2];
}

/** Both gradients, by central differences. */
function gradientsAt([x1, x2]: Point): [Point, Point] {
  const h = 1e-6;
  const [right, left] = [lossesAt([x1 + h, x2]), lossesAt([x1 - h, x2])];
  const [up, down] = [lossesAt([x1, x2 + h]), lossesAt([x1, x2 - h])];
  const of = (k: 0 | 1): Point => [(right[k] - left[k]) / (2 * h), (up[k] - down[k]) / (2 * h)];
  return [of(0), of(1)];
}

/** The way that Adam takes along the direction of a method that needs no more than the gradients' inner products; all in plain numbers. */
function pathOf(method: GradientBalancing, start: Point, steps = 24_000, rate = 4e-3): Point[] {
  const names = ['first', 'second'];
  const { scope, bindings } = openScope(names);
  const objectives = names.map((name) => ({ name, task: undefined }));
  const bound = method.bind({ tasks: names, objectives, scope, ...bindings });
  const [m, v] = [
    [0, 0],
    [0, 0],
  ];
  const x: [number, number] = [...start];
  const path: Point[] = [start];
  for (let n = 1; n <= steps; n++) {
    const [a, b] = gradientsAt(x);
    const along = a[0] * b[0] + a[1] * b[1];
    const gramian = Float64Array.of(a[0] ** 2 + a[1] ** 2, along, along, b[0] ** 2 + b[1] ** 2);
    const losses = Float64Array.from(lossesAt(x));
    const step = { ...firstStep, step: n - 1 };
    const [first = 0, second = 0] = Array.from(
      bound.weights?.({ gramian, tasks: [0, 1], losses, block: 'shared', step }) ?? [],
    );
    for (const i of [0, 1] as const) {
      const d = first * a[i] + second * b[i];
      m[i] = 0.9 * (m[i] as number) + 0.1 * d;
      v[i] = 0.999 * (v[i] as number) + 0.001 * d * d;
      x[i] -= (rate * (m[i] as number)) / (1 - 0.9 ** n) / (Math.sqrt((v[i] as number) / (1 - 0.999 ** n)) + 1e-8);
    }
    if (n % 40 === 0) path.push([...x]);
  }
  return path;
}

const methods: { readonly name: string; readonly colour: string; readonly method: GradientBalancing }[] = [
  {
    name: 'sum of losses',
    colour: '#888888',
    method: defineGradientBalancing({ name: 'sum', bind: () => ({ weights: () => [1, 1] }) }),
  },
  { name: 'MGDA', colour: '#d95f02', method: mgda({ scale: 'paper' }) },
  { name: 'CAGrad', colour: '#1b9e77', method: cagrad({ scale: 'paper' }) },
  { name: 'IMTL-G', colour: '#7570b3', method: imtlG({ scale: 'paper' }) },
  { name: 'Nash-MTL', colour: '#e7298a', method: nashMtl({ maxNorm: 1, scale: 'paper' }) },
];
const starts: Point[] = [
  [-8.5, 7.5],
  [-8.5, -5],
  [9, 9],
];

const lines: { readonly colour: string; readonly path: Point[] }[] = [];
for (const { name, colour, method } of methods) {
  const ends: string[] = [];
  for (const start of starts) {
    const path = pathOf(method, start);
    lines.push({ colour, path });
    const [x1, x2] = path.at(-1) as Point;
    const front = Math.abs(x1) <= 7.1 && Math.abs(x2 + 8.4) < 0.2;
    ends.push(`(${x1.toFixed(2)}, ${x2.toFixed(2)})${front ? '' : ' not there'}`);
  }
  console.log(`${name}: ${ends.join('  ')}`);
}

const [width, height] = [640, 640];
/** The plane from −10 to 10, in pixels. */
const toPixels = ([x1, x2]: Point): Point => [((x1 + 10) / 20) * width, ((10 - x2) / 20) * height];

function svg(): string {
  const polylines = lines.map(({ colour, path }) => {
    const points = path.map((point) =>
      toPixels(point)
        .map((value) => value.toFixed(1))
        .join(','),
    );
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  const [[fromX, fromY], [toX]] = [toPixels([-7, -8.4]), toPixels([7, -8.4])];
  const labels = methods.map(
    ({ name, colour }, i) =>
      `<text x="${width - 120}" y="${24 + 20 * i}" fill="${colour}" font-family="sans-serif">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<line x1="${fromX}" y1="${fromY}" x2="${toX}" y2="${fromY}" stroke="#cccccc" stroke-width="8"/>`,
    ...polylines,
    ...labels,
    '</svg>\n',
  ].join('\n');
}

/** The same without words, as pixels. */
function png(): Uint8Array {
  const data = new Uint8Array(width * height * 3).fill(255);
  const dot = ([x, y]: Point, colour: string, radius: number) => {
    for (let i = Math.round(x) - radius; i <= Math.round(x) + radius; i++) {
      for (let j = Math.round(y) - radius; j <= Math.round(y) + radius; j++) {
        if (i < 0 || j < 0 || i >= width || j >= height) continue;
        for (const c of [0, 1, 2])
          data[(j * width + i) * 3 + c] = Number.parseInt(colour.slice(1 + 2 * c, 3 + 2 * c), 16);
      }
    }
  };
  const line = ([ax, ay]: Point, [bx, by]: Point, colour: string, radius: number) => {
    const count = Math.max(1, Math.ceil(Math.hypot(bx - ax, by - ay)));
    for (let n = 0; n <= count; n++) dot([ax + ((bx - ax) * n) / count, ay + ((by - ay) * n) / count], colour, radius);
  };
  line(toPixels([-7, -8.4]), toPixels([7, -8.4]), '#cccccc', 4);
  for (const { colour, path } of lines) {
    path.slice(1).forEach((point, i) => {
      line(toPixels(path[i] as Point), toPixels(point), colour, 1);
    });
  }
  return encode({ width, height, data, channels: 3 });
}

const folder = process.argv[2] ?? tmpdir();
mkdirSync(folder, { recursive: true });
const file = join(folder, 'conflicting-gradients');
writeFileSync(`${file}.svg`, svg());
writeFileSync(`${file}.png`, png());
console.log(`written: ${file}.svg, ${file}.png`);

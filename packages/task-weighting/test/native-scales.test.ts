// The guide's page of native scales is made of what the methods do here. To write it anew:
//   npx vitest run packages/task-weighting/test/native-scales.test.ts -u
import { fileURLToPath } from 'node:url';
import { type Balancing, describedParts, eager } from '@polytask/core';
import { expect, test } from 'vitest';
import * as weighting from '../src/index.js';
import { runLinear } from './linear-run.js';

const page = fileURLToPath(new URL('../../../apps/docs/guide/native-scales.md', import.meta.url));

/** Two tasks that agree in part, and three in conflict. */
const [two, three] = [
  [
    [0.4, 0.1, 0.1],
    [0.6, 0.1, -0.7],
  ],
  [
    [-0.4, 0.1, 0.1, 0.05],
    [0.6, 0.1, 0.1, -0.05],
    [0.1, -0.2, 0.03, 0.2],
  ],
] as const;
const losses = [2, 3, 3.5];

type Make = (tasks: readonly string[]) => Balancing;

/** Options that a method cannot do without. */
const given: { readonly [name: string]: (tasks: readonly string[]) => object } = {
  'auto-lambda': () => ({ innerRate: 0.1 }),
  'cr-mogm': () => ({ inner: weighting.mgda({ scale: 'paper' }) }),
  'log-transform': () => ({ inner: weighting.equalWeighting({ scale: 'paper' }) }),
  moml: () => ({ innerRate: 0.1 }),
  pivrg: (tasks) => ({ baselines: Object.fromEntries(tasks.map((name) => [name, 0.5])) }),
};

/** Weights of every step, as published, and how far all steps went. */
async function runOf(make: Make, jacobian: readonly (readonly number[])[], learningRate: number, times = 1) {
  const names = jacobian.map((_, i) => String.fromCharCode(97 + i));
  const { events, theta } = await runLinear(make(names), jacobian, losses.slice(0, names.length), {
    steps: 4,
    times,
    learningRate,
    validation: true,
    primary: 'a',
    executor: eager(),
    seed: 1,
  });
  return { weights: events.map(({ weights }) => Object.values(weights)), way: Math.hypot(...theta) };
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** A row of the table. */
async function rowOf(name: string, make: Make): Promise<string[]> {
  const moving = await runOf(make, three, 0.1);
  // So slow that sizes of losses are all that differs.
  const still = await runOf(make, two, 1e-7);
  const larger = await runOf(make, two, 1e-7, 10);
  const sums = [moving, still].map(({ weights }) => weights.map(sumOf));
  const always = (...numbers: [number, number]) =>
    sums.every((found, i) => found.every((sum) => Math.abs(sum / (numbers[i] as number) - 1) < 1e-5));
  const [least, most] = [Math.min, Math.max].map((of) => Number(of(...(sums[0] ?? [])).toPrecision(2)));
  const sum = always(1, 1) ? '1' : always(3, 2) ? 'K' : `free: ${least === most ? least : `${least} to ${most}`}`;
  const negative = [...moving.weights, ...still.weights].flat().some((weight) => weight < -1e-6);
  const ratio = larger.way / still.way;
  const whole = [1, 10].find((one) => Math.abs(ratio / one - 1) < 1e-3);
  const longer = whole === undefined ? 'not in proportion' : `× ${whole}`;
  return [`\`${name}\``, sum, negative ? 'yes' : 'no', longer];
}

test('the guide says what scales the methods have', async () => {
  const kinds = ['loss-weighting', 'gradient-balancing', 'step-plan'];
  const rows: string[][] = [];
  for (const [exported, { kind, name, create, options }] of describedParts(weighting)) {
    if (!kinds.includes(kind)) continue;
    const scale = 'scale' in options ? { scale: 'paper' } : {};
    rows.push(await rowOf(exported, (tasks) => create({ ...given[name]?.(tasks), ...scale }) as Balancing));
  }
  await expect(pageOf(rows)).toMatchFileSnapshot(page);
});

/** A table with columns of one width. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const [head, ...lines] = rows.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`);
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines].join('\n');
}

function pageOf(rows: readonly (readonly string[])[]): string {
  return `# Native scales

Published methods give weights of very different sizes: of some they sum to 1, of others to the
number of tasks K, of the rest to something that depends on gradients and losses. Under
\`scale: 'tasks'\`, the default, the effective weights of the tasks present sum to their number, so
that a learning rate means the same for every method. \`scale: 'paper'\` leaves weights as they were
published. This page says what that means for your learning rate: where weights sum to 1 instead
of K, a step is K times as short.

The table is made by running every method under \`scale: 'paper'\`, with its defaults, on losses whose
gradients are known, two that agree in part and three in conflict. Its columns:

- **Sum**: 1 or K where the weights summed to that in every step of two and of three tasks. Else
  \`free\`, with the range that was seen with three tasks; other problems have other ranges.
- **Below 0**: whether a weight was negative here.
- **Step, losses × 10**: what becomes of the step's length where all losses, and so all gradients,
  are ten times as large. Measured over few small steps, within which methods that learn their
  weights have hardly begun to do so.

${tableOf([['method', 'sum', 'below 0', 'step, losses × 10'], ...rows])}
`;
}

import { firstStep, type GradientBalancing, scaleWeights } from '@polytask/core';

/** Two losses of two numbers, with their gradients: a valley with a log-shaped wall for each, and a Pareto front of x_1 in [−7, 7] at x_2 of about −8.4. */
export interface ToyPoint {
  readonly losses: readonly [number, number];
  readonly gradients: readonly [readonly [number, number], readonly [number, number]];
}

/**
 * The toy of the papers of CAGrad, Nash-MTL and FAMO.
 *
 * @param scale Of the first loss.
 */
export function toyAt(x1: number, x2: number, scale = 1): ToyPoint {
  const [up, down] = [Math.tanh(0.5 * x2), Math.tanh(-0.5 * x2)];
  const slope = 0.5 * (1 - up * up);
  // At the kink both halves count, as in automatic differentiation.
  const [c1, c2] = [Math.max(up, 0), Math.max(down, 0)];
  const [d1, d2] = [up >= 0 ? slope : 0, down >= 0 ? -slope : 0];
  const t = Math.tanh(x2);
  const wall = (inner: number, byX2: number) => {
    const size = Math.abs(inner);
    if (size <= 5e-6) return { value: Math.log(5e-6) + 6, byX1: 0, byX2: 0 };
    return { value: Math.log(size) + 6, byX1: -0.5 / inner, byX2: byX2 / inner };
  };
  const p1 = wall(0.5 * (-x1 - 7) + t, 1 - t * t);
  const p2 = wall(0.5 * (-x1 + 3) - t + 2, t * t - 1);
  const bowl = (middle: number) => ({
    value: ((x1 - middle) ** 2 + 0.1 * (x2 + 8) ** 2) / 10 - 20,
    byX1: (x1 - middle) / 5,
    byX2: 0.02 * (x2 + 8),
  });
  const [q1, q2] = [bowl(7), bowl(-7)];
  const of = (p: typeof p1, q: typeof q1) => ({
    value: p.value * c1 + q.value * c2,
    gradient: [p.byX1 * c1 + q.byX1 * c2, p.byX2 * c1 + p.value * d1 + q.byX2 * c2 + q.value * d2] as [number, number],
  });
  const [first, second] = [of(p1, q1), of(p2, q2)];
  return {
    losses: [scale * first.value, second.value],
    gradients: [[scale * first.gradient[0], scale * first.gradient[1]], second.gradient],
  };
}

/** Adam with a learning rate of 1e-3 along the direction of a balancing that gives weights, in float64. */
export function descend(
  balancing: GradientBalancing,
  start: readonly [number, number],
  { steps, scale = 1, every = 0 }: { readonly steps: number; readonly scale?: number; readonly every?: number },
): { readonly x: readonly [number, number]; readonly path: readonly (readonly [number, number])[] } {
  const tasks = [0, 1];
  const names = ['a', 'b'];
  const bound = balancing.bind({
    tasks: names,
    objectives: names.map((name) => ({ name, task: undefined })),
    primary: undefined,
    groups: {},
    scope: undefined as never,
    uniform: () => () => 0.5,
  });
  const x: [number, number] = [...start];
  const path: (readonly [number, number])[] = [];
  const [m, v] = [
    [0, 0],
    [0, 0],
  ];
  for (let n = 1; n <= steps; n++) {
    if (every > 0 && (n - 1) % every === 0) path.push([...x]);
    const { losses, gradients } = toyAt(x[0], x[1], scale);
    const [a, b] = gradients;
    const along = a[0] * b[0] + a[1] * b[1];
    const gramian = Float64Array.of(a[0] ** 2 + a[1] ** 2, along, along, b[0] ** 2 + b[1] ** 2);
    const found = bound.weights?.({
      gramian,
      tasks,
      losses: Float64Array.from(losses),
      block: 'shared',
      step: { ...firstStep, step: n - 1 },
    });
    const w = scaleWeights(found ?? [], balancing.scale);
    for (const i of [0, 1] as const) {
      const d = (w[0] as number) * a[i] + (w[1] as number) * b[i];
      m[i] = 0.9 * (m[i] as number) + 0.1 * d;
      v[i] = 0.999 * (v[i] as number) + 0.001 * d * d;
      x[i] -= (1e-3 * (m[i] as number)) / (1 - 0.9 ** n) / (Math.sqrt((v[i] as number) / (1 - 0.999 ** n)) + 1e-8);
    }
  }
  path.push([...x]);
  return { x, path };
}

/** Where runs start in CAGrad's paper. */
export const cagradStarts = [
  [-8.5, 7.5],
  [-8.5, -5],
  [9, 9],
] as const;

/** Where they start in the papers of Nash-MTL and FAMO, with the first loss times 0.1. */
export const nashStarts = [
  [-8.5, 7.5],
  [0, 0],
  [9, 9],
  [-7.5, -0.5],
  [9, -1],
] as const;

/** Whether a point is on the Pareto front. */
export function onFront([x1, x2]: readonly [number, number]): boolean {
  return Math.abs(x1) <= 7.05 && x2 > -8.6 && x2 < -8.2;
}

import { defineGradientBalancing, type GradientBalancing, type GradientsOf } from '@polytask/core';

/** Sener & Koltun 2018 for two tasks in closed form: w_1 = clip((G_22 − G_12) / (G_11 − 2 G_12 + G_22), 0, 1). */
export function mgda(
  options: Pick<GradientBalancing, 'scale' | 'headGradients'> & { of?: GradientsOf } = {},
): GradientBalancing {
  const { of = 'shared', ...rest } = options;
  return defineGradientBalancing({
    name: 'mgda',
    options,
    gradientsOf: of,
    ...rest,
    bind: () => ({
      weights({ gramian, tasks }) {
        if (tasks.length === 1) return [1];
        const [aa, ab, , bb] = gramian as unknown as [number, number, number, number];
        const difference = aa - 2 * ab + bb;
        const first = difference > 0 ? Math.min(1, Math.max(0, (bb - ab) / difference)) : 0.5;
        return [first, 1 - first];
      },
    }),
  });
}

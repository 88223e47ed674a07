/** In how many dimensions. */
const dimensions = 20;
const centre = 1 / Math.sqrt(dimensions);
const signs = [1, -1] as const;

/** L = 1 − exp(−‖x ∓ 1/√D‖²): on the front, which is concave, all coordinates are equal. */
const lossesAt = (x: readonly number[]) =>
  signs.map((sign) => 1 - Math.exp(-x.reduce((sum, value) => sum + (value - sign * centre) ** 2, 0)));

/**
 * Where descent along a method's direction comes to on the problem of Pareto MTL, on whose front weighted sums find the ends only.
 *
 * @param step Direction of the losses and of their gradients, one a row.
 * @returns The losses, and how far x lies from the front.
 */
export async function concaveEnd(
  step: (losses: number[], rows: number[][]) => Promise<number[]> | number[],
  { steps = 500, rateOf = (_n: number): number => 0.02 } = {},
): Promise<{ readonly losses: readonly [number, number]; readonly off: number }> {
  let x = Array.from({ length: dimensions }, (_, i) => 0.15 * Math.sin(7 * i));
  for (let n = 0; n < steps; n++) {
    const losses = lossesAt(x);
    const rows = signs.map((sign, k) => x.map((value) => 2 * (value - sign * centre) * (1 - (losses[k] as number))));
    const direction = await step(losses, rows);
    x = x.map((value, i) => value - rateOf(n) * (direction[i] as number));
  }
  return { losses: lossesAt(x) as [number, number], off: Math.max(...x) - Math.min(...x) };
}

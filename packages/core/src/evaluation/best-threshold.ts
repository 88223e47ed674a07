import type { Logits } from './collect-logits.js';

/**
 * The threshold from which on a yes has the best F1 over all answers together: in the middle between the probabilities of two rows, and of
 * several as good ones the nearest to 0.5. It is 0.5 where no row is a yes.
 *
 * @param probabilities - `[rows × width]`
 */
export function bestThreshold(
  probabilities: ArrayLike<number>,
  { width, targets, weights }: Pick<Logits, 'width' | 'targets' | 'weights'>,
): number {
  const answers = Array.from(probabilities, (probability, i) => ({
    probability,
    yes: targets[i] as number,
    weight: weights[Math.floor(i / width)] as number,
  }))
    .filter(({ yes, weight }) => yes >= 0 && weight > 0)
    .sort((a, b) => b.probability - a.probability);
  const positive = answers.reduce((sum, { yes, weight }) => sum + yes * weight, 0);
  let [best, threshold] = [0, 0.5];
  let [right, called] = [0, 0];
  answers.forEach(({ probability, yes, weight }, i) => {
    right += yes * weight;
    called += weight;
    const next = answers[i + 1]?.probability ?? 0;
    if (next === probability) return;
    const f1 = (2 * right) / (called + positive);
    // A threshold is no probability of a row, or rounding would decide about that row.
    const middle = Math.min(1 - 1e-6, Math.max(1e-6, (probability + next) / 2));
    const nearer = Math.abs(middle - 0.5) < Math.abs(threshold - 0.5);
    if (f1 > best + 1e-12 || (f1 > best - 1e-12 && best > 0 && nearer)) [best, threshold] = [f1, middle];
  });
  return threshold;
}

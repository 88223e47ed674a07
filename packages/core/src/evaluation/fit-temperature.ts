import { type Logits, probabilitiesOf } from './collect-logits.js';

/** Between these any temperature lies; rows that are all right, or all wrong, would have none. */
const coldest = 0.05;
const hottest = 20;

/**
 * The temperature $T$ with the least log loss of $\mathrm{softmax}(z / T)$, or $\sigma(z / T)$. In $\beta = 1 / T$ the loss is convex, with
 * the slope $\sum_i w_i \sum_c (p_{ic} - t_{ic}) z_{ic}$, whose sign change is found by halving.
 */
export function fitTemperature(logits: Logits): number {
  let [low, high] = [1 / hottest, 1 / coldest];
  if (slope(logits, low) >= 0) return hottest;
  if (slope(logits, high) <= 0) return coldest;
  // By the ratio: 60 halvings of a factor of 400 leave less than what float64 can tell apart.
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high);
    if (slope(logits, middle) > 0) high = middle;
    else low = middle;
  }
  return 1 / Math.sqrt(low * high);
}

function slope(logits: Logits, beta: number): number {
  const { isSoftmax, rows, width, values, targets, weights } = logits;
  const probabilities = probabilitiesOf(logits, 1 / beta);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights[row] as number;
    if (weight === 0) continue;
    let known = 0;
    let ofRow = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      const target = targets[i] as number;
      if (!(target >= 0)) continue;
      known += 1;
      ofRow += ((probabilities[i] as number) - target) * (values[i] as number);
    }
    sum += weight * (isSoftmax ? ofRow : ofRow / Math.max(1, known));
  }
  return sum;
}

/** The rows on which the golden values of transferability and similarity were computed. */
export const features = [
  [1, 0],
  [0.8, 0.2],
  [0.9, -0.1],
  [-1, 0.1],
  [-0.7, -0.2],
  [-1.1, 0.3],
];

export const otherFeatures = [
  [1, 0.2],
  [0.9, 0],
  [0.7, 0.3],
  [-0.8, 0],
  [-1, 0.2],
  [-0.9, -0.4],
];

export const probabilities = [
  [0.7, 0.2, 0.1],
  [0.6, 0.3, 0.1],
  [0.1, 0.8, 0.1],
  [0.2, 0.2, 0.6],
  [0.1, 0.1, 0.8],
  [0.3, 0.3, 0.4],
];

export const classes = [0, 0, 0, 1, 1, 1];

/** Rows of `width` numbers in [-1, 1) of a seeded stream. */
export function randomRows(rows: number, width: number, uniform: () => number): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: width }, () => 2 * uniform() - 1));
}

/** Values that a piece needs, where a column says nothing of it: fewer would be learned by heart. */
const valuesPerPiece = 60;
/** So many numbers all pieces of such columns make at most. */
const mostNumbers = 2048;
/** Values that are kept to find quantiles by. */
const mostKept = 1 << 14;

/** How many pieces each of several columns may have at most that say nothing of it. */
export function mostPieces(columns: number): number {
  return Math.floor(mostNumbers / Math.max(1, columns));
}

/** Finds the quantiles of numbers that come one by one. */
export interface Knots {
  add(value: number): void;
  /**
   * The ends of pieces with about as many values each; undefined where there would be one piece only.
   *
   * @param pieces - How many, at most; several quantiles may be the same value.
   * @param asked - Whether the column asks for that many, however few values there are.
   */
  found(pieces: number, asked: boolean): readonly number[] | undefined;
}

/** Keeps every value, then every second, every fourth and so on: as many from each stretch of the rows. */
export function quantileKnots(): Knots {
  let kept: number[] = [];
  let stride = 1;
  let count = 0;
  return {
    add(value) {
      if (count % stride === 0) kept.push(value);
      count += 1;
      if (kept.length <= mostKept) return;
      kept = kept.filter((_, index) => index % 2 === 0);
      stride *= 2;
    },
    found(pieces, asked) {
      const wanted = asked ? pieces : Math.min(pieces, Math.floor(count / valuesPerPiece));
      const sorted = Float64Array.from(kept).sort();
      const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
      const knots = new Set(Array.from({ length: wanted + 1 }, (_, index) => quantile(index / Math.max(1, wanted))));
      return wanted > 1 && knots.size > 2 ? [...knots] : undefined;
    },
  };
}

/** How much of each piece lies below a number, from 0 to 1: writes it from `at` on. */
export function writePieces(knots: readonly number[], value: number, to: Float32Array, at: number): void {
  for (let piece = 1; piece < knots.length; piece++) {
    const [from, end] = [knots[piece - 1] as number, knots[piece] as number];
    to[at + piece - 1] = Math.min(1, Math.max(0, (value - from) / (end - from)));
  }
}

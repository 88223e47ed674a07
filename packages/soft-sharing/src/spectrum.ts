import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Singular values of a matrix, and its singular vectors on one side. */
interface Spectrum {
  /** Rows of the matrix, or columns: the side that is asked for. */
  readonly size: number;
  /** `[size]`, the largest first, exact to about 1e-8 of it. Where the other side is smaller, the last are 0. */
  readonly values: readonly number[];
  /** U `[size, size]`, row-major; column i goes with value i. */
  readonly vectors: Float64Array;
}

/**
 * Singular values σ and left singular vectors u of a matrix, from the eigenvalues σ² of M Mᵀ in float64.
 *
 * @param matrix M `[rows, columns]`, row-major.
 */
export function leftSpectrum(matrix: ArrayLike<number>, rows: number, columns: number): Spectrum {
  const gram = new Matrix(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let c = 0; c < columns; c++) {
        product += (matrix[i * columns + c] as number) * (matrix[j * columns + c] as number);
      }
      gram.set(i, j, product);
      gram.set(j, i, product);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  const order = realEigenvalues
    .map((_, i) => i)
    .sort((a, b) => (realEigenvalues[b] as number) - (realEigenvalues[a] as number));
  return {
    size: rows,
    values: order.map((i) => Math.sqrt(Math.max(realEigenvalues[i] as number, 0))),
    vectors: Float64Array.from({ length: rows * rows }, (_, at) =>
      eigenvectorMatrix.get(Math.floor(at / rows), order[at % rows] as number),
    ),
  };
}

/** Σ f(σᵢ) uᵢ uᵢᵀ `[size, size]`, row-major. */
export function ofSpectrum({ size, values, vectors }: Spectrum, f: (value: number) => number): Float64Array {
  const found = new Float64Array(size * size);
  values.forEach((value, at) => {
    const factor = f(value);
    if (factor === 0) return;
    for (let i = 0; i < size; i++) {
      const scaled = factor * (vectors[i * size + at] as number);
      for (let j = 0; j < size; j++) {
        found[i * size + j] = (found[i * size + j] as number) + scaled * (vectors[j * size + at] as number);
      }
    }
  });
  return found;
}

/** Below this part of the largest singular value, others are those of rounding: weights are float32. */
const negligible = 1e-6;

/** The smallest singular value that counts; larger than all where the matrix is 0. */
export function rankBound({ values }: Spectrum): number {
  const [largest = 0] = values;
  return largest === 0 ? Number.MIN_VALUE : largest * negligible;
}

/** How many singular values count. */
export function rankOf(spectrum: Spectrum): number {
  const bound = rankBound(spectrum);
  return spectrum.values.filter((value) => value >= bound).length;
}

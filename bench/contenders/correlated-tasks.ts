import { normalInitializer, type TableDataset, tableDataset, uniformStream } from '@polytask/core';

/** How {@link correlatedTasks} makes its rows. */
export interface CorrelatedTasks {
  /** Cosine of the two tasks' weights, from 0 to 1. */
  readonly correlation: number;
  readonly seed: number;
  /** By part. */
  readonly rows: Readonly<Record<'train' | 'validation' | 'test', number>>;
  /** Numbers in a row. Default 10. */
  readonly width?: number;
  /** Sines of each task, which make it more than linear. Default 2. */
  readonly sines?: number;
}

/**
 * Two regressions, `a` and `b`, whose relatedness is known (Ma et al. 2018, section 3.2):
 *
 * y_k = w_k·x + Σ_i sin(α_i w_k·x + β_i) + ε, w_a = u₁, w_b = p u₁ + √(1 − p²) u₂,
 *
 * with u₁ and u₂ orthogonal of length 1, x normal, ε normal of deviation 0.1, and α, β the same for both tasks.
 */
export function correlatedTasks({ correlation: p, seed, rows, width = 10, sines = 2 }: CorrelatedTasks) {
  const normal = (size: number, key: string) => normalInitializer(1)([size], uniformStream('correlated', seed, key));
  const first = unit(normal(width, 'u1'));
  const second = unit(without(normal(width, 'u2'), first));
  const weights = {
    a: first,
    b: first.map((value, i) => p * value + Math.sqrt(1 - p * p) * (second[i] as number)),
  };
  const draw = uniformStream('correlated', seed, 'sines');
  const waves = Array.from({ length: sines }, () => ({ alpha: 0.5 + draw(), beta: 2 * Math.PI * draw() }));
  const part = (name: keyof CorrelatedTasks['rows']): TableDataset => {
    const count = rows[name];
    const x = normal(count * width, name);
    const labels = (task: 'a' | 'b') => {
      const noise = normal(count, `${name}/${task}`);
      return Float32Array.from({ length: count }, (_, row) => {
        const along = weights[task].reduce((sum, w, i) => sum + w * (x[row * width + i] as number), 0);
        const bent = waves.reduce((sum, { alpha, beta }) => sum + Math.sin(alpha * along + beta), 0);
        return along + bent + 0.1 * (noise[row] as number);
      });
    };
    return tableDataset({
      inputs: { x: { data: x, shape: [count, width] } },
      columns: { a: labels('a'), b: labels('b') },
    });
  };
  return { train: part('train'), validation: part('validation'), test: part('test') };
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return vector.map((value) => value / length);
}

/** What of a vector is orthogonal to another of length 1. */
function without(vector: Float32Array, other: Float32Array): Float32Array {
  const along = dot(vector, other);
  return vector.map((value, i) => value - along * (other[i] as number));
}

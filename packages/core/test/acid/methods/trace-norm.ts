import { type AuxiliaryObjective, defineAuxiliary, hostTensor, type ParameterReader } from '@polytask/core';
import * as tf from '@tensorflow/tfjs';

/**
 * Yang & Hospedales 2017: ‖W‖_* of W = [vec W_1 … vec W_K], as ½ tr(W A Wᵀ) + const with A = (WᵀW)^{-1/2} from the host, whose
 * gradient W A is that of the trace norm.
 *
 * @param paths - one variable per task, all of the same shape.
 */
export function traceNorm(
  paths: readonly string[],
  options: { weight?: number; updateEvery?: number; onPrepare?: () => void } = {},
): AuxiliaryObjective {
  const { weight = 1, updateEvery = 5, onPrepare } = options;
  return defineAuxiliary({
    name: 'trace-norm',
    options: { paths, weight, updateEvery },
    weight,
    updateEvery,
    bind({ layout }) {
      const variables = paths.map((path) => {
        const segment = layout.segments.find((one) => one.path === path);
        if (segment === undefined) throw new Error(`no variable ${path}`);
        return segment.variable;
      });
      return {
        async prepare(parameters) {
          onPrepare?.();
          const root = inverseRoot(await gramOf(parameters, paths));
          return { root: hostTensor(root, [paths.length, paths.length]) };
        },
        loss({ feeds }) {
          const columns = tf.stack(variables.map((variable) => tf.reshape(variable, [-1]))) as tf.Tensor2D;
          const gram = tf.matMul(columns, columns, false, true);
          return tf.mul(tf.sum(tf.mul(gram, feeds.root as tf.Tensor)), 0.5);
        },
      };
    },
  });
}

/** WᵀW of two columns `[a, b, b, c]`. */
async function gramOf(parameters: ParameterReader, paths: readonly string[]): Promise<[number, number, number]> {
  const [first = [], second = []] = (await Promise.all(paths.map((path) => parameters.read(path)))).map(({ data }) =>
    Array.from(data),
  );
  const inner = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, i) => sum + value * (q[i] ?? 0), 0);
  return [inner(first, first), inner(first, second), inner(second, second)];
}

/** M^{-1/2} of a symmetric 2×2 matrix: √M = (M + √det I) / √(tr + 2 √det). */
function inverseRoot([a, b, c]: [number, number, number]): number[] {
  const root = Math.sqrt(a * c - b * b);
  const scale = Math.sqrt(a + c + 2 * root);
  const [p, q, r] = [(a + root) / scale, b / scale, (c + root) / scale];
  const determinant = p * r - q * q;
  return [r / determinant, -q / determinant, -q / determinant, p / determinant];
}

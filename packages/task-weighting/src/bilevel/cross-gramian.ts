import type { HostTensor, JacobianHandle, ParameterLayout, StepPrimitives } from '@polytask/core';

/**
 * Inner products of the gradients of two Jacobians over all parameters, those of single tasks too: row-major `[K, K]`,
 * rows of the first.
 *
 * @remarks Brings the gradients of what tasks have for themselves to the host.
 */
export async function crossGramian(
  { gramian, read, layout, objectives }: Pick<StepPrimitives, 'gramian' | 'read' | 'layout' | 'objectives'>,
  a: JacobianHandle,
  b: JacobianHandle,
): Promise<Float64Array> {
  const k = objectives.length;
  const products = await gramian(a, b);
  const [left, right] = [await read(a.own), await read(b.own)].map((own) =>
    objectives.map((_, task) => ownGradient(own, layout, task)),
  ) as [Part[][], Part[][]];
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      for (const mine of left[i] as Part[]) {
        for (const other of right[j] as Part[])
          products[i * k + j] = (products[i * k + j] as number) + overlap(mine, other);
      }
    }
  }
  return products;
}

/** A stretch of a gradient; zero elsewhere. */
interface Part {
  readonly from: number;
  readonly values: Float32Array;
}

/**
 * Where an objective's gradient of what is not shared is not zero. Objectives beyond the tasks have a row of their own.
 */
function ownGradient(
  { data, shape }: HostTensor,
  { ranges, tasks, sharedSize }: ParameterLayout,
  objective: number,
): Part[] {
  const values = data as Float32Array;
  const width = shape[1] as number;
  if (objective >= tasks.length) {
    const row = objective - tasks.length + 1;
    return [{ from: 0, values: values.subarray(row * width, (row + 1) * width) }];
  }
  return ranges
    .filter(({ offset, usedBy }) => offset >= sharedSize && usedBy.length === 1 && usedBy[0] === tasks[objective])
    .map(({ offset, size }) => ({
      from: offset - sharedSize,
      values: values.subarray(offset - sharedSize, offset - sharedSize + size),
    }));
}

function overlap(a: Part, b: Part): number {
  const from = Math.max(a.from, b.from);
  const to = Math.min(a.from + a.values.length, b.from + b.values.length);
  let sum = 0;
  for (let i = from; i < to; i++) sum += (a.values[i - a.from] as number) * (b.values[i - b.from] as number);
  return sum;
}

import type { State } from '@polytask/core';

/** Adam on a few numbers of the host, with decoupled or plain weight decay added to the gradient by the caller. */
export function hostAdam(start: readonly number[], learningRate: number) {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const values = [...start];
  let first = start.map(() => 0);
  let second = start.map(() => 0);
  let count = 0;
  return {
    values: values as readonly number[],
    step(gradient: readonly number[]) {
      count += 1;
      first = first.map((m, i) => beta1 * m + (1 - beta1) * (gradient[i] as number));
      second = second.map((v, i) => beta2 * v + (1 - beta2) * (gradient[i] as number) ** 2);
      for (let i = 0; i < values.length; i++) {
        const root = Math.sqrt((second[i] as number) / (1 - beta2 ** count)) + epsilon;
        values[i] = (values[i] as number) - (learningRate * ((first[i] as number) / (1 - beta1 ** count))) / root;
      }
    },
    save: (): State => ({ values: [...values], first, second, count }),
    load(state: State) {
      values.splice(0, values.length, ...(state.values as number[]));
      first = state.first as number[];
      second = state.second as number[];
      count = state.count as number;
    },
  };
}

export function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - most));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** The nearest point on the simplex. */
export function projectOnSimplex(point: readonly number[]): number[] {
  const sorted = [...point].sort((a, b) => b - a);
  let sum = 0;
  let shift = 0;
  sorted.forEach((value, i) => {
    sum += value;
    if (value - (sum - 1) / (i + 1) > 0) shift = (sum - 1) / (i + 1);
  });
  return point.map((value) => Math.max(0, value - shift));
}

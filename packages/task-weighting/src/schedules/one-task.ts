/** A whole batch of one of K tasks. */
export function rowsOfTask(task: number, tasks: number, batchSize: number): number[] {
  return Array.from({ length: tasks }, (_, k) => (k === task ? batchSize : 0));
}

/** The only task with a loss in a step; undefined where there is none. */
export function taskOf(losses: ArrayLike<number>): number | undefined {
  const found = Array.from(losses).findIndex((loss) => !Number.isNaN(loss));
  return found < 0 ? undefined : found;
}

/** A task at random. */
export function drawTask(shares: ArrayLike<number>, draw: number): number {
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    sum += shares[k] as number;
    if (draw < sum) return k;
  }
  // Where rounding left the sum below 1.
  return shares.length - 1;
}

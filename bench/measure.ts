/** One contender of a comparison: `step` is timed, once per turn. */
export interface Contender {
  readonly name: string;
  step(): Promise<void>;
}

/** Timings of one contender in milliseconds. */
export interface Timing {
  readonly name: string;
  readonly median: number;
  readonly best: number;
  readonly worst: number;
}

/**
 * Runs contenders in turn, A B C A B C …, so that whatever else the machine does meets all of them alike; reports medians.
 * `warmup` turns are not counted.
 */
export async function interleave(contenders: readonly Contender[], turns: number, warmup: number): Promise<Timing[]> {
  const samples = contenders.map(() => [] as number[]);
  for (let turn = 0; turn < warmup + turns; turn++) {
    // A new order each turn: nobody always runs behind the same neighbour.
    for (let i = 0; i < contenders.length; i++) {
      const index = (i + turn) % contenders.length;
      const start = performance.now();
      await (contenders[index] as Contender).step();
      if (turn >= warmup) samples[index]?.push(performance.now() - start);
    }
  }
  return contenders.map(({ name }, i) => {
    const sorted = (samples[i] as number[]).sort((a, b) => a - b);
    return {
      name,
      median: sorted[Math.floor(sorted.length / 2)] as number,
      best: sorted[0] as number,
      worst: sorted.at(-1) as number,
    };
  });
}

/** A table in Markdown: milliseconds, and each contender's median as a multiple of the first one's. */
export function table(title: string, timings: readonly Timing[]): string {
  const reference = (timings[0] as Timing).median;
  const rows = timings.map(
    ({ name, median, best, worst }) =>
      `| ${name} | ${median.toFixed(2)} | ${best.toFixed(2)} | ${worst.toFixed(2)} | ${(median / reference).toFixed(2)} |`,
  );
  return [
    `### ${title}`,
    '',
    '| contender | median ms | best | worst | ratio |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** One contender of a comparison: `step` is timed, once per turn. */
export interface Contender {
  readonly name: string;
  step(): Promise<void>;
  /** Runs this many steps and says how long each took, for a contender that lives in another process and has a clock of its own. */
  steps?(count: number): Promise<readonly number[]>;
  /** Called before each of its turns, outside of the clock. */
  before?(): Promise<unknown> | undefined;
}

/** Timings of one contender in milliseconds. */
export interface Timing {
  readonly name: string;
  readonly median: number;
  readonly best: number;
  readonly worst: number;
  /** The median of every turn. */
  readonly turns: readonly number[];
  /** A tenth of the steps were faster: on a busy machine, what a step takes when nobody else does anything. */
  readonly tenth: number;
}

/** How contenders take turns. */
export interface Turns {
  readonly turns: number;
  /** Steps, by each contender, that are not counted. */
  readonly warmup: number;
  /** Steps of one contender before the next one's; after a change of contenders one more runs that is not counted. Default 1. */
  readonly block?: number;
  /** Milliseconds of rest before each block, so that nobody pays for threads that still spin for the contender before. */
  readonly pause?: number;
}

/** Runs contenders in turn, A B C A B C …, so that whatever else the machine does meets all of them alike; reports medians. */
export async function interleave(
  contenders: readonly Contender[],
  { turns, warmup, block = 1, pause = 0 }: Turns,
): Promise<Timing[]> {
  const samples = contenders.map(() => [] as number[][]);
  for (const contender of contenders) {
    await contender.before?.();
    await timed(contender, warmup);
  }
  for (let turn = 0; turn < turns; turn++) {
    // A new order each turn: nobody always runs behind the same neighbour.
    for (let i = 0; i < contenders.length; i++) {
      const index = (i + turn) % contenders.length;
      const contender = contenders[index] as Contender;
      await contender.before?.();
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      const extra = block > 1 ? 1 : 0;
      samples[index]?.push((await timed(contender, block + extra)).slice(extra));
    }
  }
  return contenders.map(({ name }, i) => {
    const turns = samples[i] as number[][];
    return { ...timing(name, turns.flat()), turns: turns.map(median) };
  });
}

/** Median, best and worst of some measurements. */
export function timing(name: string, samples: readonly number[]): Timing {
  const [best, worst] = [Math.min(...samples), Math.max(...samples)];
  return { name, median: median(samples), best, worst, turns: samples, tenth: quantile(samples, 0.1) };
}

/** The median. */
export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The number below which a share of the others lies. */
function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(samples.length - 1, Math.floor(share * samples.length))] as number;
}

async function timed(contender: Contender, count: number): Promise<readonly number[]> {
  if (contender.steps !== undefined) return contender.steps(count);
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await contender.step();
    found.push(performance.now() - start);
  }
  return found;
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

import { type Timing, timing } from '../measure.js';
import type { Competitor } from './executors.js';
import { steppedTrainer } from './trainer.js';
import { parts, type Work } from './works.js';

/** Trainers that warm the process, and steps after the first one, of which the fastest tells what a step costs. */
const [warming, steps] = [3, 5];

/**
 * How long an executor compiles the programs of a step, in a process that has done so before: what the first step takes more
 * than a later one inside programs, over several new trainers. Tracing, lowering and opening the models are in it.
 */
export async function compileTime(competitor: Competitor, work: Work, trainers: number): Promise<Timing> {
  await competitor.prepare();
  const samples: number[] = [];
  for (let i = 0; i < warming + trainers; i++) {
    const { options, dataset } = parts(work);
    const executor = competitor.executor();
    const trainer = await steppedTrainer(work.name, { ...options, executor } as never, dataset, work.batch);
    for (let step = 0; step < steps; step++) await trainer.step();
    const [first, ...later] = trainer.spent() as [number, ...number[]];
    await trainer.stop();
    if (i >= warming) samples.push(first - Math.min(...later));
  }
  return timing(work.name, samples);
}

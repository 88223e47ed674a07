// What each thing that makes compiled steps fast is worth: the same step with all of them, and without each alone, in turn.
//   BENCH_WITHOUT: which are switched off, by name (all); BENCH_TURNS: blocks of 10 steps per contender (30);
//   BENCH_ONLY: a part of a work's name; BENCH_THREADS (2)
import { compiled } from '@polytask/compiler';
import * as tf from '@tensorflow/tfjs';
import { steppedTrainer } from './contenders/trainer.js';
import { parts, type Work, works } from './contenders/works.js';
import { interleave, median, type Timing } from './measure.js';
import { tricks } from './without.mjs';

const switches = globalThis as { polytaskWithout?: ReadonlySet<string> };
const known = [...Object.keys(tricks), 'direct', 'nothing'];
// A second trainer with all of them says how far the machine lets one see.
const wanted = process.env.BENCH_WITHOUT?.split(',') ?? known;
const turns = Number(process.env.BENCH_TURNS ?? 30);
const threads = Number(process.env.BENCH_THREADS ?? 2);
const only = process.env.BENCH_ONLY ?? '';

const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) throw new Error(`BENCH_WITHOUT takes ${known.join(', ')}; found ${unknown.join(', ')}.`);

await tf.setBackend('cpu');
console.log('### What each is worth: how many times as long a step takes without it\n');
console.log(`| work | with all, ms | ${wanted.join(' | ')} |`);
console.log(`| --- | --- ${wanted.map(() => '| --- ').join('')}|`);
for (const work of works.filter(({ name }) => name.includes(only))) await measure(work);
console.log(
  '\nThe median over all turns of the ratio of medians within a turn; in brackets the ratio of tenths: a tenth of the steps is',
);
console.log('faster. Where the two differ, the machine was busy. A column of 1.00 says how far to trust the others.\n');

/** One row. */
async function measure(work: Work): Promise<void> {
  const shared = parts(work);
  const trainers: Awaited<ReturnType<typeof open>>[] = [];
  try {
    for (const name of [undefined, ...wanted]) trainers.push(await open(name, work, shared));
    const counted = Math.max(8, Math.round(turns / (work.slow ?? 1)));
    const [all, ...others] = (await interleave(trainers, { turns: counted, warmup: 10, block: 10 })) as [Timing];
    const worth = (others as Timing[]).map((without) => {
      const inTurn = median(without.turns.map((one, turn) => one / (all.turns[turn] as number)));
      return `${inTurn.toFixed(2)} (${(without.tenth / all.tenth).toFixed(2)})`;
    });
    console.log(`| ${[work.name, all.median.toFixed(2), ...worth].join(' | ')} |`);
  } finally {
    for (const trainer of trainers) await trainer.stop();
    tf.disposeVariables();
  }
}

/** A trainer without one of them; what a program is made of is settled when it first runs. */
async function open(without: string | undefined, work: Work, shared: ReturnType<typeof parts>) {
  const off = new Set(without === undefined ? [] : [without]);
  const before = async () => {
    switches.polytaskWithout = off;
  };
  await before();
  const executor = compiled({ threads, direct: without !== 'direct' });
  const options = { ...shared.options, executor } as never;
  return { ...(await steppedTrainer(without ?? 'all', options, shared.dataset, work.batch)), before };
}

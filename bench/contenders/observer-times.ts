import { compiled } from '@polytask/compiler';
import { convNet, mlp, type Observer } from '@polytask/core';
import { type Contender, interleave, median, type Timing } from '../measure.js';
import { steppedTrainer } from './trainer.js';
import { parts, type Work } from './works.js';

const ten = (count: number) => Array.from({ length: count }, () => 10);

/** Pairs of digits in an image, and eight tasks on one trunk. */
const works = [
  {
    name: 'LeNet, two heads of 10, 28×28, batch 64',
    batch: 64,
    classes: ten(2),
    encoder: convNet(),
    head: [],
    input: { shape: [28, 28, 1] },
  },
  {
    name: 'MLP 784-128-64, eight heads 32-10, batch 128',
    batch: 128,
    classes: ten(8),
    encoder: mlp([128, 64]),
    head: [32],
    input: { shape: [784] },
  },
];

/** How long observers are measured. */
export interface ObserverTimes {
  readonly turns: number;
  readonly threads: number;
  /** Observers at the intervals that they have by themselves. */
  readonly observers: readonly (() => Observer)[];
}

/** What training costs with each observer, as a multiple of training with none; the two take turns, interval by interval. */
export async function printObserverTimes({ turns, threads, observers }: ObserverTimes): Promise<void> {
  for (const work of works) {
    const { dataset, options } = parts(work as unknown as Work);
    console.log(`### Training with an observer as a multiple of training with none: ${work.name}, compiled\n`);
    console.log('| observer | interval | step, ms | a look, in steps | multiple | of each turn |');
    console.log('| --- | ---: | ---: | ---: | ---: | --- |');
    const open = async (name: string, seen: readonly Observer[], interval: number) => {
      const all = { ...options, observers: seen, executor: compiled({ threads }), seed: 1 };
      const trainer = await steppedTrainer(name, all as never, dataset, work.batch);
      // One stretch from look to look, whichever of its steps the look falls on.
      const step = async () => {
        for (let n = 0; n < interval; n++) await trainer.step();
      };
      return { contender: { name, step } satisfies Contender, stop: trainer.stop };
    };
    for (const make of observers) {
      const observer = make();
      const interval = observer.interval ?? 1;
      const both = [await open('none', [], interval), await open(observer.name, [observer], interval)];
      const contenders = both.map(({ contender }) => contender);
      const [plain, found] = (await interleave(contenders, { turns, warmup: 1 })) as [Timing, Timing];
      for (const { stop } of both) await stop();
      // Turn by turn, since the machine may be busy meanwhile.
      const ratios = found.turns.map((turn, i) => turn / (plain.turns[i] as number));
      const ratio = median(ratios);
      const cells = [
        observer.name,
        interval,
        (plain.median / interval).toFixed(2),
        ((ratio - 1) * interval).toFixed(1),
        ratio.toFixed(3),
        ratios.map((one) => one.toFixed(2)).join(' '),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
    console.log();
  }
}

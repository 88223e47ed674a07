// What sharing does with tasks whose relatedness is known: which weight of an L2 tie the validation rows choose, and how much the gates of a
// mixture of experts overlap, by the correlation of two synthetic tasks. Ten seeds, with their spread.
//   BENCH_SEEDS (10); BENCH_CORRELATIONS (0,0.5,0.9)
import { compiled } from '@polytask/compiler';
import * as tf from '@tensorflow/tfjs';
import { gated, tied } from './contenders/correlation-runs.js';
import { median } from './measure.js';

const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 10) }, (_, i) => i + 1);
const correlations = (process.env.BENCH_CORRELATIONS ?? '0,0.5,0.9').split(',').map(Number);
const executor = () => compiled({ threads: 1 });
const weights = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];

await tf.setBackend('cpu');
await chooseWeights();
await overlapGates();

async function chooseWeights(): Promise<void> {
  console.log('### λ of an L2 tie between two columns, chosen on validation rows\n');
  console.log(`| correlation | λ, median | λ by seed | ${weights.map((one) => `test loss at ${one}`).join(' | ')} |`);
  console.log(`| ---: | ---: | --- | ${weights.map(() => '---:').join(' | ')} |`);
  const chosen = new Map<number, number[]>();
  for (const correlation of correlations) {
    const best: number[] = [];
    const losses = weights.map(() => [] as number[]);
    for (const seed of seeds) {
      const found = [];
      for (const weight of weights) found.push(await tied({ correlation, seed, executor }, weight));
      const least = Math.min(...found.map(({ validation }) => validation));
      best.push(weights[found.findIndex(({ validation }) => validation === least)] as number);
      found.forEach(({ test }, i) => {
        losses[i]?.push(test);
      });
    }
    chosen.set(correlation, best);
    console.log(`| ${[correlation, median(best), best.join(' '), ...losses.map(spread)].join(' | ')} |`);
  }
  verdict('The λ chosen is larger', chosen, (list) => mean(list.map((one) => Math.log10(one + 1e-4))));
}

async function overlapGates(): Promise<void> {
  console.log('### Overlap of the gates of MMoE: Σ min(g_a, g_b) over experts, mean over rows\n');
  console.log('| correlation | overlap | by seed | test loss |\n| ---: | ---: | --- | ---: |');
  const overlaps = new Map<number, number[]>();
  for (const correlation of correlations) {
    const found: { overlap: number; test: number }[] = [];
    for (const seed of seeds) found.push(await gated({ correlation, seed, executor }));
    const each = found.map(({ overlap }) => overlap);
    overlaps.set(correlation, each);
    const shown = each.map((one) => one.toFixed(2)).join(' ');
    console.log(`| ${[correlation, spread(each), shown, spread(found.map(({ test }) => test))].join(' | ')} |`);
  }
  verdict('Gates overlap more', overlaps, mean);
}

/** Only the two ends are held to anything. */
function verdict(
  claim: string,
  found: ReadonlyMap<number, readonly number[]>,
  of: (list: readonly number[]) => number,
): void {
  const [low, high] = [found.get(Math.min(...correlations)), found.get(Math.max(...correlations))];
  const right = low !== undefined && high !== undefined && of(high) > of(low);
  console.log(
    `\n${claim} at ${Math.max(...correlations)} than at ${Math.min(...correlations)}: ${right ? 'yes' : 'NO'}\n`,
  );
  if (!right) process.exitCode = 1;
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, one) => sum + one, 0) / list.length;
}

function spread(list: readonly number[]): string {
  const middle = mean(list);
  const squares = list.reduce((sum, one) => sum + (one - middle) ** 2, 0);
  return `${middle.toFixed(3)} ± ${Math.sqrt(squares / Math.max(1, list.length - 1)).toFixed(3)}`;
}

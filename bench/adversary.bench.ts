// Whether shared features still tell of which domain a row is, after an adversary has worked on them: a new classifier is trained on the frozen
// features. Two synthetic domains, whose task does not depend on them; what each adversary costs in accuracy stands beside.
//   BENCH_SEEDS (5); BENCH_STEPS (1000); BENCH_ONLY: a part of a row's name
import { domainAdversarial, sharedPrivate, taskDiscriminator } from '@polytask/adversarial';
import { compiled } from '@polytask/compiler';
import { mlp } from '@polytask/core';
import { hardSharing } from '@polytask/hard-sharing';
import * as tf from '@tensorflow/tfjs';
import { type Adversary, networkRate, type Probed, probed } from './contenders/fresh-probe.js';

const seeds = Array.from({ length: Number(process.env.BENCH_SEEDS ?? 5) }, (_, i) => i + 1);
const steps = Number(process.env.BENCH_STEPS ?? 1000);
const only = process.env.BENCH_ONLY ?? '';

const encoder = mlp([32, 8], { activation: 'tanh' });
const sharing = hardSharing({ encoder });
const fast = 5 * networkRate;
const domains = { warm: ['summer'], cold: ['winter'] };
const published = { encoder, privateEncoder: mlp([4]) };

const rows: Record<string, Pick<Adversary, 'sharing' | 'auxiliary'>> = {
  'no adversary': { sharing },
  'task-discriminator, units 32, its rate × 5': {
    sharing,
    auxiliary: [taskDiscriminator({ units: [32], learningRate: fast })],
  },
  'the same at the rate of the network': { sharing, auxiliary: [taskDiscriminator({ units: [32] })] },
  'the same, its rate × 10': {
    sharing,
    auxiliary: [taskDiscriminator({ units: [32], learningRate: 10 * networkRate })],
  },
  'the same, linear, its rate × 5': { sharing, auxiliary: [taskDiscriminator({ units: [], learningRate: fast })] },
  'the same, weight 0.05, its rate × 5': {
    sharing,
    auxiliary: [taskDiscriminator({ units: [32], learningRate: fast, weight: 0.05 })],
  },
  'task-discriminator, defaults': { sharing, auxiliary: [taskDiscriminator()] },
  'domain-adversarial, units 32, its rate × 5': {
    sharing,
    auxiliary: [domainAdversarial({ domains, units: [32], learningRate: fast })],
  },
  'shared-private, no adversary': { sharing: sharedPrivate({ ...published, adversary: 0 }) },
  'shared-private, as published': { sharing: sharedPrivate(published) },
  'shared-private, adversary 1, units 32, its rate × 5': {
    sharing: sharedPrivate({ ...published, adversary: 1, units: [32], learningRate: fast }),
  },
};

await tf.setBackend('cpu');
console.log(
  `### A new classifier of domains on frozen shared features: at chance 0.5, at best 0.75; ${seeds.length} seeds\n`,
);
console.log('| adversary | new, linear | new, 32 hidden | the adversary itself | RMSE of the tasks |');
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const [name, parts] of Object.entries(rows).filter(([one]) => one.includes(only))) {
  const found: Probed[] = [];
  for (const seed of seeds)
    found.push(await probed({ ...parts, seed, steps, executor: () => compiled({ threads: 1 }) }));
  const column = (key: keyof Probed, digits: number) =>
    spread(
      found.map((one) => one[key] ?? Number.NaN),
      digits,
    );
  console.log(`| ${[name, column('linear', 2), column('mlp', 2), column('own', 2), column('rmse', 3)].join(' | ')} |`);
}

function spread(list: readonly number[], digits: number): string {
  if (list.some(Number.isNaN)) return '–';
  const mean = list.reduce((sum, one) => sum + one, 0) / list.length;
  const squares = list.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(squares / Math.max(1, list.length - 1)).toFixed(digits)}`;
}

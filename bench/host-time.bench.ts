// What the balancings that give weights cost on the host, per step: G and losses in, weights out. Goals: 0.1 ms for up to 3 tasks, 0.5 ms for 8,
// 5 ms for 64. Gradients are random: in three times as many dimensions as there are tasks, and in half as many, where no direction
// may be left that is good for all.
//   BENCH_ONLY: a part of a method's name
import { type BoundGradientBalancing, firstStep, type GradientBalancing, uniformStream } from '@polytask/core';
import * as weighting from '@polytask/task-weighting';

const sizes = [2, 3, 8, 64];
const only = process.env.BENCH_ONLY ?? '';
const makers: { readonly [name: string]: () => GradientBalancing } = {
  'aligned-mtl': weighting.alignedMtl,
  cagrad: weighting.cagrad,
  'con-fig': weighting.conFig,
  'dual-proj': weighting.dualProj,
  'fair-grad': () => weighting.fairGrad({ alpha: 2 }),
  'ferero-preference': weighting.fereroPreference,
  'grad-norm': weighting.gradNorm,
  'grad-vac': weighting.gradVac,
  'imtl-g': weighting.imtlG,
  krum: weighting.krum,
  'meta-balance': weighting.metaBalance,
  mgda: weighting.mgda,
  'nash-mtl': weighting.nashMtl,
  'ntk-mtl': weighting.ntkMtl,
  'pareto-mtl': weighting.paretoMtl,
  pcgrad: weighting.pcgrad,
  'pe-mtl': weighting.peMtl,
  'roto-grad': weighting.rotoGrad,
  'up-grad': weighting.upGrad,
};

console.log('### Host time per step, ms of CPU time, warm, the best of five blocks; many dimensions / few\n');
console.log(`| method | ${sizes.map((k) => `K = ${k}`).join(' | ')} |`);
console.log(`| --- ${sizes.map(() => '| --- ').join('')}|`);
for (const [name, make] of Object.entries(makers).filter(([name]) => name.includes(only))) {
  const cells = sizes.map((k) =>
    [3 * k, Math.max(1, k >> 1)].map((columns) => timeOf(make(), k, columns).toFixed(3)).join(' / '),
  );
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

function timeOf(part: GradientBalancing, k: number, columns: number): number {
  const names = Array.from({ length: k }, (_, i) => `task${i}`);
  const bound: BoundGradientBalancing = part.bind({
    tasks: names,
    objectives: names.map((name) => ({ name, task: undefined })),
    primary: undefined,
    groups: {},
    scope: undefined as never,
    uniform: (step) => uniformStream('host-time', step),
  });
  const draw = uniformStream('host-time', k, columns);
  const samples = Array.from({ length: 8 }, () => {
    const rows = names.map(() => Float64Array.from({ length: columns }, () => 2 * draw() - 1));
    const inner = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
    return Float64Array.from(rows.flatMap((a) => rows.map((b) => inner(a, b))));
  });
  const losses = new Float64Array(k).fill(1);
  const tasks = names.map((_, i) => i);
  const counted = k > 8 ? 40 : 400;
  const step = (n: number) => {
    const gramian = samples[n % samples.length] as Float64Array;
    bound.weights?.({ gramian, tasks, losses, block: 'shared', step: { ...firstStep, step: n } });
  };
  for (let n = 0; n < counted; n++) step(n);
  const blocks = Array.from({ length: 5 }, (_, block) => {
    const before = process.cpuUsage();
    for (let n = 0; n < counted; n++) step((block + 1) * counted + n);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / counted;
  });
  return Math.min(...blocks);
}

// The two-dimensional toy of CAGrad, Nash-MTL and FAMO: where every method that gives weights ends, from every start, at full length.
//   BENCH_ONLY: a part of a method's name
import { defineGradientBalancing, type GradientBalancing } from '@polytask/core';
import {
  alignedMtl,
  cagrad,
  conFig,
  dualProj,
  fairGrad,
  gradVac,
  imtlG,
  mgda,
  nashMtl,
  ntkMtl,
  pcgrad,
  peMtl,
  upGrad,
} from '@polytask/task-weighting';
import { cagradStarts, descend, nashStarts, onFront } from '../packages/task-weighting/test/toy-problem.js';

const scale = 'paper';
const methods: { readonly [name: string]: GradientBalancing } = {
  sum: defineGradientBalancing({ name: 'sum', scale, bind: () => ({ weights: () => [1, 1] }) }),
  mgda: mgda({ scale }),
  pcgrad: pcgrad({ scale }),
  'grad-vac': gradVac({ scale }),
  'cagrad, c = 0.5': cagrad({ scale, rescale: '1+c^2' }),
  'cagrad, c = 0.4': cagrad({ scale, c: 0.4 }),
  'imtl-g': imtlG({ scale }),
  'nash-mtl, clipped to 1': nashMtl({ scale, maxNorm: 1 }),
  'fair-grad, α = 1': fairGrad({ scale }),
  'fair-grad, α = 2': fairGrad({ scale, alpha: 2 }),
  'up-grad': upGrad({ scale }),
  'dual-proj': dualProj({ scale }),
  'aligned-mtl': alignedMtl({ scale }),
  'con-fig': conFig({ scale }),
  'ntk-mtl': ntkMtl({ scale }),
  'pe-mtl': peMtl({ scale }),
};
const only = process.env.BENCH_ONLY ?? '';
const settings = [
  { title: 'CAGrad: scale 1, 100,000 steps', starts: cagradStarts, steps: 100_000, factor: 1 },
  { title: 'Nash-MTL: scale 0.1, 35,000 steps', starts: nashStarts, steps: 35_000, factor: 0.1 },
];

for (const { title, starts, steps, factor } of settings) {
  console.log(`### ${title}, Adam 1e-3: x_1 on the front, or the point in brackets\n`);
  console.log(`| method | ${starts.map((start) => `(${start.join(', ')})`).join(' | ')} |`);
  console.log(`| --- ${starts.map(() => '| --- ').join('')}|`);
  for (const [name, method] of Object.entries(methods).filter(([name]) => name.includes(only))) {
    const ends = starts.map((start) => {
      const { x } = descend(method, start, { steps, scale: factor });
      return onFront(x) ? x[0].toFixed(2) : `(${x[0].toFixed(2)}, ${x[1].toFixed(2)})`;
    });
    console.log(`| ${name} | ${ends.join(' | ')} |`);
  }
  console.log();
}

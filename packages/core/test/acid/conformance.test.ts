// Every method of these suites is held to what its kind must do.
import { mlp, type Strategy, sumOfLosses } from '@polytask/core';
import { type ConformanceOptions, conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, test } from 'vitest';
import { taskDiscriminator } from './methods/adversary.js';
import { affinityProbe } from './methods/affinity-probe.js';
import { autoLambda } from './methods/auto-lambda.js';
import { banditSchedule } from './methods/bandit-schedule.js';
import { columns } from './methods/columns.js';
import { dynamicWeightAverage } from './methods/dynamic-weight-average.js';
import { famo } from './methods/famo.js';
import { gradDrop } from './methods/grad-drop.js';
import { gradNorm } from './methods/grad-norm.js';
import { mgda } from './methods/mgda.js';
import { mixtureOfExperts } from './methods/mixture-of-experts.js';
import { modo } from './methods/modo.js';
import { dbMtl, moco } from './methods/momentum-balancing.js';
import { pcgrad } from './methods/pcgrad.js';
import { perTaskInputs } from './methods/per-task-inputs.js';
import { smoothed } from './methods/smoothed.js';
import { traceNorm } from './methods/trace-norm.js';
import { uncertaintyWeighting } from './methods/uncertainty-weighting.js';
import { executorUnderTest } from './support/executor.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([5, 4], { activation: 'tanh' });
const { name: other, make: makeExecutor } = executorUnderTest();
const executors = other === undefined ? {} : { [other]: () => makeExecutor(() => {}) };

function holds<Kind extends Strategy['kind']>(
  name: string,
  kind: Kind,
  make: (tasks: readonly string[]) => Extract<Strategy, { readonly kind: Kind }>,
  options: ConformanceOptions = {},
) {
  describe(name, () => {
    const checks = conformance(kind, make, { executors, ...options });
    // Under another executor only what it is about.
    for (const { name: check, run } of checks)
      if (other === undefined || check.endsWith(`under ${other}`)) test(check, run);
  });
}

holds('sum of losses', 'loss-weighting', sumOfLosses, { claims: ['order-of-tasks', 'positive-weights'] });
holds('uncertainty weighting', 'loss-weighting', () => uncertaintyWeighting(), {
  claims: ['order-of-tasks', 'positive-weights'],
});
holds('dynamic weight average', 'loss-weighting', () => dynamicWeightAverage(), {
  claims: ['order-of-tasks', 'positive-weights'],
});

holds('PCGrad', 'gradient-balancing', () => pcgrad());
holds('MGDA', 'gradient-balancing', () => mgda(), {
  claims: ['order-of-tasks', 'positive-weights', 'non-conflicting'],
});
holds('GradNorm', 'gradient-balancing', () => gradNorm());
holds('smoothed PCGrad', 'gradient-balancing', () => smoothed(pcgrad()));
holds('GradDrop', 'gradient-balancing', () => gradDrop());
holds('DB-MTL', 'gradient-balancing', () => dbMtl());
holds('MoCo', 'gradient-balancing', () => moco());

holds('FAMO', 'step-plan', () => famo());
holds('MoDo', 'step-plan', () => modo());
holds('Auto-Lambda', 'step-plan', () => autoLambda({ innerRate: 0.01 }));
holds('affinity probe', 'step-plan', () => affinityProbe(() => {}));

holds('cross-stitched columns', 'sharing', () => columns(encoder));
holds('columns apart', 'sharing', () => columns(encoder, { mix: false, penalty: 0.1 }));
holds('mixture of experts', 'sharing', (tasks) =>
  mixtureOfExperts(encoder, [{ name: 'all' }, { name: 'some', usedBy: tasks.slice(0, 1) }]),
);
holds('a trunk for inputs per task', 'sharing', () => perTaskInputs(encoder));

holds('task discriminator', 'auxiliary', () => taskDiscriminator(), {
  perTaskData: true,
  skip: { 'works with one task': 'with one task there is nothing to tell apart' },
});
const tied = (tasks: readonly string[]) => tasks.slice(0, 2).map((task) => `heads/${task}/outputs/value/kernel`);
holds('trace norm', 'auxiliary', (tasks) => traceNorm(tied(tasks)), {
  claims: ['non-negative'],
  skip: { 'works with one task': 'it ties two columns' },
});
holds('bandit', 'schedule', () => banditSchedule());

// Bilevel: weights that are learned on validation data.

export { autoLambda } from './bilevel/auto-lambda.js';
export { forum } from './bilevel/forum.js';
export { moml } from './bilevel/moml.js';

// Gradient balancing: one direction out of the tasks' gradients.

export { alignedMtl } from './gradient-balancing/aligned-mtl.js';
export { cagrad } from './gradient-balancing/cagrad.js';
export { conFig } from './gradient-balancing/con-fig.js';
export { crMogm } from './gradient-balancing/cr-mogm.js';
export { dbMtl } from './gradient-balancing/db-mtl.js';
export { dualProj } from './gradient-balancing/dual-proj.js';
export { epo } from './gradient-balancing/epo.js';
export { excessMtl } from './gradient-balancing/excess-mtl.js';
export { fairGrad } from './gradient-balancing/fair-grad.js';
export { fereroPreference } from './gradient-balancing/ferero-preference.js';
export { gradDrop } from './gradient-balancing/grad-drop.js';
export { gradNorm } from './gradient-balancing/grad-norm.js';
export { gradVac } from './gradient-balancing/grad-vac.js';
export { imtl } from './gradient-balancing/imtl.js';
export { imtlG } from './gradient-balancing/imtl-g.js';
export { krum } from './gradient-balancing/krum.js';
export { mConFig } from './gradient-balancing/m-con-fig.js';
export { metaBalance } from './gradient-balancing/meta-balance.js';
export { mgda } from './gradient-balancing/mgda.js';
export { moCo } from './gradient-balancing/mo-co.js';
export { moDo } from './gradient-balancing/mo-do.js';
export { nashMtl } from './gradient-balancing/nash-mtl.js';
export { ntkMtl } from './gradient-balancing/ntk-mtl.js';
export { paretoMtl } from './gradient-balancing/pareto-mtl.js';
export { pcgrad } from './gradient-balancing/pcgrad.js';
export { peMtl } from './gradient-balancing/pe-mtl.js';
export { pivrg } from './gradient-balancing/pivrg.js';
export { rotoGrad } from './gradient-balancing/roto-grad.js';
export { sdmGrad } from './gradient-balancing/sdm-grad.js';
export { trimmedMean } from './gradient-balancing/trimmed-mean.js';
export { upGrad } from './gradient-balancing/up-grad.js';

// Around a balancing.

export { logTransform } from './log-transform.js';

// Loss weighting: one loss out of the tasks' losses.

export {
  constantWeighting,
  type EpochSeen,
  type TaskWeights,
  type WeightHandle,
  type WeightsOfEpoch,
  weightHandle,
} from './loss-weighting/constant-weighting.js';
export { cosmos } from './loss-weighting/cosmos.js';
export { dynamicTaskPrioritization } from './loss-weighting/dynamic-task-prioritization.js';
export { dynamicWeightAverage } from './loss-weighting/dynamic-weight-average.js';
export { equalWeighting } from './loss-weighting/equal-weighting.js';
export { famo } from './loss-weighting/famo.js';
export { geometricMean } from './loss-weighting/geometric-mean.js';
export { go4align } from './loss-weighting/go4align.js';
export { igb } from './loss-weighting/igb.js';
export { imtlL } from './loss-weighting/imtl-l.js';
export { initialLossNormalization } from './loss-weighting/initial-loss-normalization.js';
export { ldcMtl } from './loss-weighting/ldc-mtl.js';
export { pNorm } from './loss-weighting/p-norm.js';
export { pbi } from './loss-weighting/pbi.js';
export { randomWeighting } from './loss-weighting/random-weighting.js';
export { scaleInvariant } from './loss-weighting/scale-invariant.js';
export { smoothTchebycheff } from './loss-weighting/smooth-tchebycheff.js';
export { softUncertaintyWeighting } from './loss-weighting/soft-uncertainty-weighting.js';
export { tchebycheff } from './loss-weighting/tchebycheff.js';
export { uncertaintyWeighting } from './loss-weighting/uncertainty-weighting.js';

// A primary task, and others that are there to help it.

export { arml } from './primary-task/arml.js';
export { type ForkMergeOptions, type ForkMergeRound, forkMerge } from './primary-task/fork-merge.js';
export { gcs } from './primary-task/gcs.js';
export { olAux } from './primary-task/ol-aux.js';
export { priGradVac } from './primary-task/pri-grad-vac.js';
export { priPcgrad } from './primary-task/pri-pcgrad.js';

// Schedules: which tasks a batch has rows of.

export { exp3 } from './schedules/exp3.js';
export { policyGradientSchedule } from './schedules/policy-gradient-schedule.js';

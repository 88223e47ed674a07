// How tasks are related, and what follows from it.

// What to try.
export { type Advice, adviceFor, type Measured } from './advice/advice-for.js';
export { type Change, type Condition, type MeasurementName, measurements, type Rule, rules } from './advice/rules.js';

// What networks have learned.
export { canonicalCorrelations, type SvccaOptions, svcca } from './features/canonical-correlation.js';
export { type CkaOptions, linearCka } from './features/linear-cka.js';
export {
  type PermutationImportance,
  type PermutationImportanceOptions,
  permutationImportance,
  type ShuffledColumn,
} from './features/permutation-importance.js';
export { type RowsInHand, readRows } from './features/read-rows.js';
export { representationalSimilarity } from './features/representational-similarity.js';
export { type UnitAblation, type UnitAblationOptions, unitAblation } from './features/unit-ablation.js';
// Which tasks to train together.
export { type AffinityPropagationOptions, affinityPropagation } from './grouping/affinity-propagation.js';
export { affinityScore, type GroupScore } from './grouping/affinity-score.js';
export { bestGrouping, type GroupingOptions } from './grouping/best-grouping.js';
export type { Grouping } from './grouping/grouping-problem.js';
export { cutTree, hierarchicalClustering, type Merge } from './grouping/hierarchical-clustering.js';
export { type SelectiveGroupUpdatesOptions, selectiveGroupUpdates } from './grouping/selective-group-updates.js';
export { type SpectralOptions, spectralClustering } from './grouping/spectral-clustering.js';
// What joint runs say.
export {
  type ConditionalInformation,
  type ConditionalInformationOptions,
  conditionalInformation,
} from './joint/conditional-information.js';
export { type ErrorComplementarity, errorComplementarity, largeErrors } from './joint/error-complementarity.js';
export { type LearnedRelation, type LearnedRelations, learnedRelations } from './joint/learned-relations.js';
export { leaveOneOut, synergy } from './joint/leave-one-out.js';
export { higherOrderApproximation, type PairScores, pairwiseGains } from './joint/pairwise-gains.js';
export { relativeGain } from './joint/relative-gain.js';
export {
  type LinearisedRow,
  type LinearisedTask,
  type SubsetLossesOptions,
  subsetLosses,
} from './joint/subset-losses.js';
export { type SubsetOptions, type SurrogateModel, sampleSubsets, surrogateModel } from './joint/surrogate-model.js';
export { type TaskCovariance, taskCovariance } from './joint/task-covariance.js';
// What labels say.
export { coLabelledRows } from './labels/co-labelled-rows.js';
export { pearsonCorrelation, spearmanCorrelation } from './labels/correlation.js';
export { correlationRatio } from './labels/correlation-ratio.js';
export { cramersV } from './labels/cramers-v.js';
export { type LabelDependence, labelDependence, type VectorLabels } from './labels/label-dependence.js';
export type { LabelValues } from './labels/label-values.js';
export {
  type MutualInformation,
  type MutualInformationOptions,
  mutualInformation,
} from './labels/mutual-information.js';
export type { PermutationOptions, PermutationTest } from './labels/permutation-test.js';
export { type PredictedLabels, type ResidualDependence, residualDependence } from './labels/residual-dependence.js';
// Joint against single-task training, over seeds.
export {
  type NegativeTransfer,
  type NegativeTransferOptions,
  negativeTransfer,
  type PairedValues,
  type TransferGain,
  type TransferVerdict,
} from './negative-transfer.js';
export type { Rows, TaskMatrix } from './numbers/matrices.js';
// Observers.
export { type FirstOrderAffinityOptions, firstOrderAffinity } from './observers/first-order-affinity.js';
export { type GradTaeOptions, gradTae } from './observers/grad-tae.js';
export { type GradientCurvatureOptions, gradientCurvature } from './observers/gradient-curvature.js';
export { type GradientSimilarityOptions, gradientSimilarity } from './observers/gradient-similarity.js';
export { type LookaheadAffinityOptions, lookaheadAffinity } from './observers/lookahead-affinity.js';
export { type ProximalAffinityOptions, proximalAffinity } from './observers/proximal-affinity.js';
export { type Task2VecOptions, task2vec } from './observers/task2vec.js';
// What one task's network holds for another.
export { type HScoreOptions, hScore } from './transfer/h-score.js';
export { leep } from './transfer/leep.js';
export { logMe } from './transfer/log-me.js';
export { negativeConditionalEntropy } from './transfer/negative-conditional-entropy.js';
export { type Task2VecDistance, task2vecDistance } from './transfer/task2vec-distance.js';
export { type LabelledFeatures, type TrainHeadOptions, trainHead } from './transfer/train-head.js';
export { type TransRateOptions, transRate } from './transfer/trans-rate.js';

// Tasks that make each other better.

// Teachers, and labels from the model.
export { type CoRegressionOptions, coRegression } from './co-regression.js';
export { type CoTrainingOptions, coTraining } from './co-training.js';
// Constraints.
export { type ConsistencyOptions, consistency } from './constraints/consistency.js';
export { type CycleOptions, cycle } from './constraints/cycle.js';
export { type ExclusionOptions, exclusion } from './constraints/exclusion.js';
export { type ImplicationOptions, implication } from './constraints/implication.js';
export { type OrderingOptions, ordering } from './constraints/ordering.js';
export { type PathIndependenceOptions, pathIndependence } from './constraints/path-independence.js';
export type { PredictionMap } from './constraints/prediction-map.js';
export { type SumToOptions, sumTo } from './constraints/sum-to.js';
export { type DeepCoTrainingOptions, deepCoTraining } from './deep-co-training.js';
export { type DistillOptions, distill } from './distill.js';
export { type FeatureDistillationOptions, featureDistillation } from './feature-distillation.js';
// Merging of models that were trained apart.
export { averageWeights } from './merging/average-weights.js';
export { type DropOptions, dropDeltas } from './merging/drop-deltas.js';
export { fisherMerging } from './merging/fisher-merging.js';
export { fisherInformation, inputGramians, type StatisticsOptions } from './merging/merging-statistics.js';
export { type ReestimateOptions, reestimateStatistics } from './merging/reestimate-statistics.js';
export { type InputGramians, type RegMeanOptions, regMean } from './merging/reg-mean.js';
export { type TaskArithmeticOptions, taskArithmetic } from './merging/task-arithmetic.js';
export { type TiesOptions, tiesMerging } from './merging/ties-merging.js';
export type { Weights } from './merging/weights.js';
export { type MutualLearningOptions, mutualLearning } from './mutual-learning.js';
export { type PartialLabelsOptions, partialLabels } from './partial-labels.js';
export { type PseudoLabelsOptions, pseudoLabels } from './pseudo-labels.js';
export { rampUp } from './ramp-up.js';
// Views.
export { type MeanTeacherOptions, meanTeacher } from './views/mean-teacher.js';
export { type PiModelOptions, piModel } from './views/pi-model.js';
export type { View } from './views/view.js';
export { type ViewAdversarialOptions, viewAdversarial } from './views/view-adversarial.js';

// Contracts: what parts are, and how to make your own.

export { gradientCosines, gradientNorms, unitGramian } from './balancing-kit/gramian.js';
export {
  type HostAdamOptions,
  type HostOptimizer,
  type HostSgdOptions,
  hostAdam,
  hostSgd,
} from './balancing-kit/host-optimizers.js';
export { compact, compactMatrix, spread } from './balancing-kit/present-tasks.js';
export { projectOnSimplex, softmax } from './balancing-kit/simplex.js';
export { scaleWeights, scaleWeightTensor } from './balancing-kit/weight-scale.js';
export { type BalancingWrapper, wrapBalancing } from './balancing-kit/wrap-balancing.js';
export type { Checkpoint } from './checkpoints/checkpoint.js';
export { checkpointVersion, decodeCheckpoint, encodeCheckpoint } from './checkpoints/checkpoint.js';
export { CheckpointError } from './checkpoints/checkpoint-error.js';
export type { AuxiliaryContext, AuxiliaryObjective, Teachers } from './contracts/auxiliary.js';
export { defineAuxiliary } from './contracts/auxiliary.js';
export type {
  AuxiliaryInput,
  AuxiliaryLoss,
  AuxiliaryTerm,
  BoundAuxiliary,
  InspectInput,
  LabelledRows,
} from './contracts/auxiliary-term.js';
export type { Batch, InputSpec, InputSpecs, TensorBatch } from './contracts/batch.js';
export type { Citation } from './contracts/citation.js';
export type { Cursor, CursorOptions, MultiTaskDataset, RawBatch, SourceInfo } from './contracts/dataset.js';
export type { Description, DescriptionInput, Lifecycle, MadeFor, PartKind } from './contracts/description.js';
export { definePart, isPart, partMarker, specVersions } from './contracts/description.js';
export type { BuiltStage, Encoder, NamedStage, Stage, StageOutputs, StepContext } from './contracts/encoder.js';
export { defineEncoder } from './contracts/encoder.js';
export type {
  DeviceTensor,
  Executor,
  ParameterSet,
  Program,
  ProgramContext,
  ProgramResult,
} from './contracts/executor.js';
export type { ForwardState } from './contracts/forward-state.js';
export type {
  Aggregated,
  AggregateInput,
  BoundGradientBalancing,
  GradientBalancing,
  GradientsOf,
  GramianInput,
  JacobianSize,
} from './contracts/gradient-balancing.js';
export { defineGradientBalancing } from './contracts/gradient-balancing.js';
export type {
  InputPrologue,
  OnnxAttribute,
  OnnxNode,
  PrologueConstant,
  PrologueInput,
} from './contracts/input-prologue.js';
export type {
  LabelOverlay,
  LabelOverlays,
  LookedThrough,
  OverlayTable,
  Relabelling,
} from './contracts/label-overlays.js';
export type {
  BalancingContext,
  BoundLossWeighting,
  EpochEnd,
  EpochSummary,
  LossRange,
  LossWeighting,
  Objective,
  Recorded,
  Scalarization,
  StepInfo,
  TaskRoles,
  ValidationScores,
  WeightScale,
} from './contracts/loss-weighting.js';
export { defineLossWeighting, firstStep } from './contracts/loss-weighting.js';
export type { Metric, MetricRows, RunningMetric } from './contracts/metric.js';
export { defineMetric } from './contracts/metric.js';
export { type NotedParts, notesOn } from './contracts/notes-on.js';
export type { BoundObserver, Observer, ObserverContext } from './contracts/observer.js';
export { defineObserver } from './contracts/observer.js';
export type { LearningRateSchedule, Optimizer, UpdateInput } from './contracts/optimizer.js';
export { defineOptimizer } from './contracts/optimizer.js';
export type {
  BuildScope,
  ChildOptions,
  Initializer,
  ParameterLayout,
  ParameterOptions,
  ParameterReader,
  ScopeVariable,
  Segment,
  SegmentRange,
} from './contracts/parameters.js';
export type { Rotations } from './contracts/rotations.js';
export type { BoundSchedule, ScheduleContext, TaskSchedule } from './contracts/schedule.js';
export { defineSchedule } from './contracts/schedule.js';
export type { BoundSharing, SharingContext, SharingStrategy } from './contracts/sharing.js';
export { defineSharing } from './contracts/sharing.js';
export type {
  ApplyOptions,
  At,
  BoundStepPlan,
  ForwardOptions,
  ForwardOutput,
  GradientHandle,
  GradientOptions,
  HeadGradients,
  JacobianHandle,
  LossGradient,
  OwnOutputs,
  OwnProgramCall,
  OwnProgramResult,
  PreparePrimitives,
  ProbePrimitives,
  StepPlan,
  StepPrimitives,
} from './contracts/step-plan.js';
export { defineStepPlan } from './contracts/step-plan.js';
export type { StepReport } from './contracts/step-report.js';
export type { Strategy } from './contracts/strategy.js';
export type { AnyTask, LabelColumn, Task, TaskConstants, TaskInput, TaskVariables } from './contracts/task.js';
export { defineTask } from './contracts/task.js';
export type { TaskRelation } from './contracts/task-relation.js';
export type {
  HostFeeds,
  HostTensor,
  LoggedNumbers,
  NamedTensors,
  State,
  StateArray,
  StateValue,
  TensorsNamed,
} from './contracts/tensors.js';
export { hostTensor } from './contracts/tensors.js';
export type { FrozenModel, TrainedModel } from './contracts/trained-model.js';
// Data.
export { collectLabels } from './data/collect-labels.js';
export type { StoredLabels, TableDataset } from './data/indexed-dataset.js';
export { labelBatch } from './data/label-batch.js';
export { createOverlays } from './data/label-overlay.js';
export type { OrderedDataset, OrderedRows } from './data/ordered-dataset.js';
export type { PerTaskDataset, StreamedPerTaskDataset } from './data/per-task-datasets.js';
export { perTaskDatasets } from './data/per-task-datasets.js';
export { proportionalRows } from './data/proportional-rows.js';
export type { Split } from './data/split.js';
export { splitDataset } from './data/split.js';
export type { TableColumn, TableInput, TableWeights } from './data/store-table.js';
export { rowsOfIds, subset } from './data/subset.js';
export type { TableCursor } from './data/table-cursor.js';
export type { TableOptions } from './data/table-dataset.js';
export { tableDataset } from './data/table-dataset.js';
// Encoders, layers, heads.
export type { BuiltStages, BuiltStep } from './encoders/build-encoder.js';
export { buildEncoder, buildStages } from './encoders/build-encoder.js';
export type { ConvNetOptions } from './encoders/conv-net.js';
export { convNet } from './encoders/conv-net.js';
export type { FusionColumn, FusionOptions } from './encoders/fusion.js';
export { fusion } from './encoders/fusion.js';
export type { LayersModelOptions } from './encoders/layers-model.js';
export { layersModel } from './encoders/layers-model.js';
export type { MlpOptions } from './encoders/mlp.js';
export { denseStages, mlp } from './encoders/mlp.js';
export { layerStage, singleInput } from './encoders/single-input.js';
export type { TabularOptions } from './encoders/tabular.js';
export { tabular } from './encoders/tabular.js';
// Errors.
export {
  DatasetError,
  InvalidOptionError,
  LabelError,
  type ListNamesOptions,
  listNames,
  NonFiniteError,
  nearestWord,
  PolytaskError,
  requireOption,
  ShapeMismatchError,
  UnknownNameError,
  UnsupportedVersionError,
} from './errors/index.js';
export type { CalibrateOptions, Calibration } from './evaluation/calibrate.js';
export { calibrate } from './evaluation/calibrate.js';
export type { ConstantScores } from './evaluation/constant-scores.js';
export { constantScores } from './evaluation/constant-scores.js';
// Metrics and evaluation.
export type { DeltaM } from './evaluation/delta-m.js';
export { deltaM } from './evaluation/delta-m.js';
export type { Inspection, PredictionOf, Predictions, Scores, TaskScores } from './evaluation/evaluate.js';
export { meanOverTasks } from './evaluation/mean-over-tasks.js';
export type { MetricDirections } from './evaluation/metric-directions.js';
export { metricDirections } from './evaluation/metric-directions.js';
export type { TaskValues } from './evaluation/task-values.js';
// Training.
export { eager } from './executors/eager.js';
export type { Activation } from './layers/activation.js';
export { activate, activationNames, buildActivation, kernelInitializer } from './layers/activation.js';
export { type Attended, type AttentionOptions, type BuiltAttention, buildAttention } from './layers/attention.js';
export type { BatchNormOptions } from './layers/batch-norm.js';
export { buildBatchNorm } from './layers/batch-norm.js';
export { buildConv1d, type Conv1dOptions } from './layers/conv1d.js';
export type { Conv2dOptions } from './layers/conv2d.js';
export { buildConv2d } from './layers/conv2d.js';
export type { DenseOptions } from './layers/dense.js';
export { buildDense } from './layers/dense.js';
export { buildDropout } from './layers/dropout.js';
export type { EmbeddingOptions } from './layers/embedding.js';
export { buildEmbedding } from './layers/embedding.js';
export { buildFlatten } from './layers/flatten.js';
export { reverseGradient } from './layers/gradient-reversal.js';
export {
  glorotUniform,
  heUniform,
  normal as normalInitializer,
  ones as onesInitializer,
  uniform as uniformInitializer,
  zeros as zerosInitializer,
} from './layers/initializers.js';
export type { BuiltLayer, LayerBuilder } from './layers/layer.js';
export { chainLayers } from './layers/layer.js';
export { buildLayerNorm, type LayerNormOptions } from './layers/layer-norm.js';
export { stopGradient } from './layers/stop-gradient.js';
export { unstack } from './layers/unstack.js';
export { buildUpsampling, type Interpolation } from './layers/upsampling.js';
export { accuracy } from './metrics/accuracy.js';
export { auc } from './metrics/auc.js';
export { averagePrecision } from './metrics/average-precision.js';
export { balancedAccuracy } from './metrics/balanced-accuracy.js';
export { calibrationError } from './metrics/calibration-error.js';
export { confusionCounts } from './metrics/confusion-counts.js';
export type { ThresholdOptions } from './metrics/describe-metric.js';
export { f1, macroF1, microF1 } from './metrics/f1.js';
export { logLoss } from './metrics/log-loss.js';
export { meanAbsoluteError } from './metrics/mean-absolute-error.js';
export { meanAbsolutePercentageError } from './metrics/mean-absolute-percentage-error.js';
export { perClass } from './metrics/per-class.js';
export { rSquared } from './metrics/r-squared.js';
export { rootMeanSquaredError } from './metrics/root-mean-squared-error.js';
export { spearman } from './metrics/spearman.js';
export { checkPart } from './model/check-part.js';
export type { Balancing } from './model/model-parts.js';
export type { OpenScope } from './model/open-scope.js';
export { openScope } from './model/open-scope.js';
export type { AdagradOptions } from './optimizers/adagrad.js';
export { adagrad } from './optimizers/adagrad.js';
export type { AdamOptions } from './optimizers/adam.js';
export { adam } from './optimizers/adam.js';
export type { AdamWOptions } from './optimizers/adam-w.js';
export { adamW } from './optimizers/adam-w.js';
export type { MomentumOptions } from './optimizers/momentum.js';
export { momentum } from './optimizers/momentum.js';
export type { OptimizerOptions } from './optimizers/optimizer-options.js';
export type { RmsPropOptions } from './optimizers/rms-prop.js';
export { rmsProp } from './optimizers/rms-prop.js';
export { cosineDecay, stepDecay, warmUp } from './optimizers/schedules.js';
export { sgd } from './optimizers/sgd.js';
// Descriptions of parts.
export { checkOptionTable, checkValue, type OptionProblem } from './options/check-value.js';
export { describeOptions } from './options/describe-options.js';
export {
  type CreateContext,
  type Described,
  described,
  describedParts,
  describeFactory,
  describePart,
  descriptionOf,
  type FactoryInput,
  type PartDescription,
  type PartFactory,
  type PartInput,
  plainOptions,
  withArguments,
} from './options/describe-part.js';
export { fillOptions } from './options/fill-options.js';
export { kindOptions } from './options/kind-options.js';
export {
  extend,
  type FilledOptions,
  type Option,
  type OptionsOf,
  type OptionTable,
  optional,
  required,
  withDefault,
} from './options/option.js';
export {
  type Bounds,
  byName,
  byTask,
  choice,
  code,
  either,
  flag,
  lazy,
  list,
  mapping,
  number,
  part,
  type Taken,
  type Takes,
  type Type,
  taskName,
  text,
  tuple,
  whole,
} from './options/takes.js';
export { wordsOf } from './options/words.js';
export { sumOfLosses } from './plans/sum-of-losses.js';
export type { Inference } from './programs/inference.js';
export { constantGradient } from './programs/tape.js';
export type { StreamKey } from './random/uniform-stream.js';
export { permutation, uniformFloats, uniformStream } from './random/uniform-stream.js';
export { type BuiltHeads, buildHeads } from './sharing-kit/build-heads.js';
export {
  type BuiltColumns,
  buildColumns,
  type Column,
  type ColumnMixer,
  type ColumnStage,
  type MixerBuilder,
} from './sharing-kit/columns.js';
export type { BuiltHead, HeadOption } from './sharing-kit/head.js';
export { buildHead, headBodies } from './sharing-kit/head.js';
export { joinRows } from './sharing-kit/join-rows.js';
export { type BuiltRotations, buildRotations, type RotationsOption, rotationsOption } from './sharing-kit/rotations.js';
export { adaptersOption, headOption } from './sharing-kit/sharing-options.js';
export type { InputSource, TaskInputs } from './sharing-kit/task-inputs.js';
export { buildTaskInputs, inputsOf, type SharedFeatures, type SharedPart } from './sharing-kit/task-inputs.js';
export { taskRelation } from './sharing-kit/task-relation.js';
// Parts in a training loop of one's own.
export type { BalancedGradient, BalancedGradients } from './standalone/balance-gradients.js';
export { balanceGradients } from './standalone/balance-gradients.js';
export type { BalancedLosses } from './standalone/balance-losses.js';
export { balanceLosses } from './standalone/balance-losses.js';
export type { StandaloneOptions } from './standalone/open-part.js';
// Tasks.
export type { BinaryMetrics, BinaryOptions, BinaryPrediction } from './tasks/binary.js';
export { binary } from './tasks/binary.js';
export type { ClassWeights } from './tasks/class-labels.js';
export type { ClassificationMetrics, ClassificationOptions, ClassPrediction } from './tasks/classification.js';
export { classification } from './tasks/classification.js';
export type { DenseClassificationOptions, DensePrediction } from './tasks/dense-classification.js';
export { denseClassification } from './tasks/dense-classification.js';
export type { MultiLabelMetrics, MultiLabelOptions, MultiLabelPrediction } from './tasks/multi-label.js';
export { multiLabel } from './tasks/multi-label.js';
export type { RegressionMetrics, RegressionOptions } from './tasks/regression.js';
export { regression } from './tasks/regression.js';
export { sigmoidCrossEntropy } from './tasks/sigmoid-cross-entropy.js';
export { softmaxCrossEntropy } from './tasks/softmax-cross-entropy.js';
export { describeTask, type TaskBody, type TaskOptions } from './tasks/task-options.js';
export type { EarlyStopping } from './training/early-stopping.js';
export type { Callback, EpochEvent, FitOptions, StepEvent } from './training/fit-options.js';
export type { History, NumberMetricNames, TaskHistory } from './training/history.js';
export { lastBatchFor } from './training/last-batch.js';
export { type Monitor, monitorNames, monitorScores } from './training/monitor.js';
export { requireParts } from './training/split-batch.js';
export type { Trainer, TrainerOptions } from './training/trainer.js';
export { createTrainer } from './training/trainer.js';

export { type DateNumbers, dateNumbers } from './encoding/date-numbers.js';
export type { EncodedRows, EncodeOptions } from './encoding/encode-rows.js';
export { encodeRows, learnTable } from './encoding/encode-rows.js';
export { featureTypes } from './encoding/feature-kinds.js';
export type {
  BooleanFeature,
  CategoryFeature,
  DateFeature,
  DatePart,
  FeatureOptions,
  LearnedCategory,
  LearnedDate,
  LearnedFeature,
  LearnedMissing,
  LearnedNumber,
  LearnedText,
  Missing,
  NumberFeature,
  TextFeature,
} from './encoding/features.js';
export type { LabelOptions, LearnedLabel, VectorLabel } from './encoding/labels.js';
export { joinLabels, labelColumns, mostClasses } from './encoding/labels.js';
export type { EncodedColumn, OnnxPrologue } from './encoding/onnx-prologue.js';
export { onnxPrologue } from './encoding/onnx-prologue.js';
export type { RawRow } from './encoding/raw-values.js';
export type { ReportValue } from './encoding/read-block.js';
export type {
  EncodingLayout,
  FeatureColumn,
  InputNames,
  TableEncoding,
  TableSchema,
} from './encoding/table-encoding.js';
export { inputsOfTable, layoutOf, namesOfInputs } from './encoding/table-encoding.js';
export type { Unfamiliar } from './encoding/unfamiliar.js';
export { type AnnealedMixingOptions, annealedMixing } from './mixing/annealed-mixing.js';
export { rowsPerTask } from './mixing/rows-per-task.js';
export { type TemperatureMixingOptions, temperatureMixing } from './mixing/temperature-mixing.js';
export { uniformMixing } from './mixing/uniform-mixing.js';
export type { BalanceOptions } from './sampling/balance-classes.js';
export { balanceClasses } from './sampling/balance-classes.js';
export type { Strata, StreamedDataset } from './sampling/streamed-dataset.js';
export type { Part, SplitOptions, SplitRule } from './split/split-options.js';

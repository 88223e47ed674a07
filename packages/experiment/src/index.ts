// The whole of it.

// How tasks are related.
export { type AnalysisDocument, analysisFormat, analysisSchema } from './analysis/analysis-document.js';
export type { AnalysisSurroundings } from './analysis/analysis-surroundings.js';
export { type AnalysisOptions, analysisName, analyzeRun } from './analysis/analyze-run.js';
export { executeAnalysis } from './analysis/execute-analysis.js';
export type { JointKind } from './analysis/joint-runs.js';
export { stagesOf } from './analysis/measure-run.js';
export { requireJoint } from './analysis/train-sets.js';
export { type ExperimentOptions, runExperiment } from './run-experiment.js';
// Reading and checking.

// Advice.
export { applyChange, changesOf } from './advise/apply-change.js';
export { gradientObserver, measuredOf, readLabels, type Trunk } from './advise/measure-run.js';
export { movePaths } from './advise/move-paths.js';
export { toYaml } from './advise/to-yaml.js';
export { trainVariant } from './advise/train-variant.js';
export { type Effort, type Trained, type Trial, tryAdvice } from './advise/try-advice.js';
// What computes.
export { backendChoices } from './backend/backend-choices.js';
export { BackendError, useBackend } from './backend/backends.js';
export { chooseBackend, selectForRun } from './backend/choose-backend.js';
export { describeBackend, type Selection, selectBackend } from './backend/select-backend.js';
// From where code may be loaded.
export {
  type CodeFile,
  type CodePlaces,
  codePlaces,
  findCode,
  findPackage,
  type NamedPlaces,
  noCode,
} from './code/code-places.js';
export { neededPlaces } from './code/references.js';
export { didYouMean } from './config/explain-issues.js';
export { type ConfigRequest, type LoadedConfig, loadConfig } from './config/load-config.js';
export { type Config, configSchema, jsonSchema } from './config/schema.js';
export type { SetOption } from './config/set-option.js';
export { InputError, inFileOrder, type Mistake } from './errors/mistakes.js';
export { RunError } from './errors/run-error.js';
// Runs that become one.
export { type MergeMethod, type MergeNumbers, mergeMethods, numbersOf } from './merge/merge-methods.js';
export { type MergeRequest, mergeRuns } from './merge/merge-runs.js';
export type { DataFacts } from './parts/loaded-data.js';
// Parts by name.
export { type PreparedRun, prepareData, prepareRun } from './parts/prepare-run.js';
export { labelsOf } from './parts/task-labels.js';
// Pictures.
export { dendrogram } from './report/dendrogram.js';
export { drawPicture, escapeText, standaloneSvg } from './report/draw-picture.js';
export { pngMaker } from './report/draw-png.js';
export { type HeatMap, heatMap } from './report/heat-map.js';
export { type Interval, intervalChart } from './report/interval-chart.js';
export { type Line, type LineChart, lineChart } from './report/line-chart.js';
export { drawPage, type PageTable, type Section } from './report/page.js';
export { type Picture, palette } from './report/picture.js';
export type { ReportedRun } from './report/reported-run.js';
export { reportSections } from './report/run-report.js';
export { scatterChart } from './report/scatter-chart.js';
export { type MeasuredPart, measurePart } from './report/test-part.js';
export { type Transfer, transferGraph } from './report/transfer-graph.js';
// Runs and their folders.
export { begunConfig } from './run/begun-config.js';
export { readingOf, requireLabels, requireTable } from './run/check-table.js';
export { listCheckpoints } from './run/checkpoint-files.js';
export { type ContinuePoint, findContinuePoint } from './run/continue-point.js';
export {
  type MetricsLine,
  metricsLineSchema,
  type NetworkResult,
  type OverSeeds,
  type RunDocument,
  runDocumentSchema,
  type SelectedBackend,
  type TaskSummary,
} from './run/document.js';
export { executeFolds } from './run/execute-folds.js';
export { describeData, executeRun, type RunSurroundings, summarize } from './run/execute-run.js';
export { loadModel, readSavedModel, type SavedModel } from './run/load-model.js';
export { type FolderLock, LockedError, lockFolder } from './run/lock.js';
export { unfinishedNetwork } from './run/networks.js';
export { openModel } from './run/open-model.js';
export {
  makeOutput,
  namedOutput,
  type OutputFolder,
  shownPath,
  whyNotEmpty,
  whyNotWritable,
} from './run/output-folder.js';
export { foldsOf } from './run/over-folds.js';
export { linksIn } from './run/own-files.js';
export { noProgress, type Progress, type ProgressOf } from './run/progress.js';
export { type ReadDocument, readDocument, readMetrics } from './run/read-document.js';
export { compareConfigs, compareData, findResumePoint, goBackTo, type ResumePoint } from './run/resume-point.js';
export { type NetworkName, openRunFolder, type RunFolder } from './run/run-folder.js';
export { backendOf } from './run/train-network.js';
export { versionsOf } from './run/versions.js';
export { lockOrRefuse, withRunFolder } from './run/with-run-folder.js';
export { type ExportFiles, whyNotExported, writeExport } from './run/write-export.js';
export { ownStrategies } from './strategies/own-strategies.js';
export { findPlugins } from './strategies/plugins.js';
export type { Strategy, StrategyOption } from './strategies/strategy.js';

import { join } from 'node:path';
import type { Executor } from '@polytask/core';
import { writeFileAtomic } from '@polytask/core/node';
import { stringify } from 'yaml';
import type { PreparedRun } from '../parts/prepare-run.js';
import type { SelectedBackend } from '../run/document.js';
import { summarize } from '../run/execute-run.js';
import type { Progress } from '../run/progress.js';
import { type AnalysisDocument, analysisFormat, analysisSchema } from './analysis-document.js';
import { measureRun } from './measure-run.js';

/** What an analysis needs besides its configuration. */
export interface AnalysisSurroundings {
  /** Where `analysis.json` goes, and what follows from it. */
  readonly folder: string;
  readonly executor: Executor;
  readonly backend: () => SelectedBackend;
  readonly versions: { readonly [program: string]: string };
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** When the program began, by `performance.now()`. */
  readonly began: number;
  /** After this many seconds nothing new is begun. Default: everything is done. */
  readonly budgetSeconds?: number | undefined;
}

/** Runs a stage of an analysis where there is time; undefined where there is none. */
export type RunStage = <Result>(name: string, work: () => Promise<Result> | Result) => Promise<Result | undefined>;

/**
 * Measures how the tasks of a run are related, stage by stage, and writes `analysis.json`; and `grouped.yaml` where groups promise more
 * than all tasks together. What has no time left is skipped, and the document says so.
 */
export async function executeAnalysis(run: PreparedRun, around: AnalysisSurroundings): Promise<AnalysisDocument> {
  const { signal, progress, folder } = around;
  const started = new Date().toISOString();
  const stages: AnalysisDocument['stages'] = [];
  const skipped: AnalysisDocument['skipped'] = [];
  const skip = (stage: string, reason: string) => {
    skipped.push({ stage, reason });
  };
  const elapsed = () => (performance.now() - around.began) / 1000;
  const goesOn = () => !signal.aborted && elapsed() < (around.budgetSeconds ?? Number.POSITIVE_INFINITY);
  /** Seconds of the stages within the one under way, which are not its own. */
  let within = 0;
  const stage: RunStage = async (name, work) => {
    if (!goesOn()) {
      skip(name, signal.aborted ? 'the analysis was stopped' : 'no time was left');
      return undefined;
    }
    progress.note(`Measuring ${name}`);
    const [start, before] = [elapsed(), within];
    within = 0;
    const result = await work();
    const all = elapsed() - start;
    stages.push({ name, seconds: Math.max(0, all - within) });
    within = before + all;
    return result;
  };
  const measured = await measureRun(run, around, { stage, skip, goesOn });
  const { train, validation, test } = run.data;
  const document = {
    format: analysisFormat,
    name: run.source.name,
    status: signal.aborted ? 'interrupted' : 'done',
    folder,
    file: run.source.path,
    seed: run.config.seed,
    versions: around.versions,
    backend: around.backend(),
    started,
    seconds: elapsed(),
    rows: { train: train.size, validation: validation?.size ?? 0, test: test.size },
    tasks: run.tasks.map(summarize),
    ...measured,
    stages,
    skipped,
  };
  // As a reader gets it: null for what is not known.
  const plain = analysisSchema.parse(JSON.parse(JSON.stringify(document)));
  await writeFileAtomic(join(folder, 'analysis.json'), `${JSON.stringify(plain, null, 2)}\n`);
  const sharing = plain.grouping?.sharing;
  if (sharing !== undefined) {
    const notes = [
      `Trains the groups of ${run.source.name} that analysis.json suggests, as branches of one trunk.`,
      'Paths start from the folder of the file that was analysed: put this one there.',
    ];
    const text = stringify({ ...run.source.raw, sharing });
    await writeFileAtomic(join(folder, 'grouped.yaml'), `${notes.map((note) => `# ${note}\n`).join('')}\n${text}`);
  }
  return plain;
}

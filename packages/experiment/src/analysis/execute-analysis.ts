import { join } from 'node:path';
import { writeFileAtomic } from '@polytask/core/node';
import { movePaths } from '../advise/move-paths.js';
import { toYaml } from '../advise/to-yaml.js';
import { runOfGroup } from '../parts/group-runs.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { drawPage } from '../report/page.js';
import { summarize } from '../run/execute-run.js';
import { type AnalysisDocument, analysisFormat, analysisSchema } from './analysis-document.js';
import { analysisSections } from './analysis-sections.js';
import type { AnalysisSurroundings, RunStage } from './analysis-surroundings.js';
import { measureRun, whyNot } from './measure-run.js';

/**
 * Measures how the tasks of a run are related, stage by stage, and writes `analysis.html` and `analysis.json`, which comes last; and where
 * groups promise more than all tasks together, run files of them. What has no time left is skipped, and the document says so. Of an
 * analysis that is stopped there are no run files: a file cannot say that it follows from half of the measurements.
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
      skip(name, whyNot(signal));
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
  const { html } = await drawPage({
    title: `How the tasks of ${plain.name} are related`,
    subtitle: [
      `${plain.tasks.length} tasks, ${plain.rows.train} training rows, seed ${plain.seed}, ${started.slice(0, 10)}`,
      ...(plain.status === 'interrupted' ? ['stopped before its end'] : []),
    ].join('; '),
    sections: analysisSections(plain),
  });
  await writeFileAtomic(join(folder, 'analysis.html'), html);
  if (plain.status === 'done') await writeGroups(run, folder, plain.jointRuns?.cover ?? plain.grouping);
  await writeFileAtomic(join(folder, 'analysis.json'), `${JSON.stringify(plain, null, 2)}\n`);
  return plain;
}

/** Run files of the groups that are suggested, where there are several: as branches of one trunk, and each by itself. */
async function writeGroups(
  { source }: PreparedRun,
  folder: string,
  grouping: Pick<NonNullable<AnalysisDocument['grouping']>, 'byBudget' | 'suggested' | 'sharing'> | undefined,
): Promise<void> {
  const suggested = grouping?.byBudget[grouping.suggested - 1];
  if (grouping === undefined || suggested === undefined || suggested.groups.length < 2) return;
  const write = (file: string, first: string, config: Record<string, unknown>) => {
    return writeFileAtomic(join(folder, file), toYaml(movePaths(config, source.folder, folder), [first]));
  };
  const { sharing } = grouping;
  if (sharing !== undefined) {
    const first = `The groups of ${source.name} that analysis.json suggests, as branches of one trunk.`;
    await write('grouped.yaml', first, { ...source.raw, sharing });
  }
  for (const [n, group] of suggested.groups.entries()) {
    const served = Object.keys(suggested.servedBy).filter((task) => suggested.servedBy[task] === n);
    const first = `Group ${n + 1} of ${source.name}: ${group.join(', ')}; for ${served.join(', ')}.`;
    await write(`group-${n + 1}.yaml`, first, runOfGroup(source.raw, group));
  }
}

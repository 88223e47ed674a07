import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Advice, adviceFor, type Measured, type MeasurementName, measurements, rules } from '@polytask/analysis';
import { PolytaskError } from '@polytask/core';
import {
  applyChange,
  changesOf,
  gradientObserver,
  type LoadedConfig,
  loadConfig,
  makeOutput,
  measuredOf,
  movePaths,
  readLabels,
  type SetOption,
  shownPath,
  stagesOf,
  type Trial,
  type Trunk,
  toYaml,
  trainVariant,
  tryAdvice,
  whyNotEmpty,
  whyNotExported,
  whyNotWritable,
  writeExport,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { type Io, print, printJson } from '../io.js';
import { counted, formatChange, formatValue } from '../report/format.js';
import { createProgress, quietProgress } from '../report/progress.js';
import { parseBudget } from './budget.js';

/** Options of `polytask advise`, as the command line gives them. */
export interface AdviseOptions {
  readonly budget?: string;
  readonly try?: boolean;
  readonly output?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly plugins?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Part of the budget that measuring may take where advice is to be tried too. */
const measuringShare = 0.4;
/** Seeds from which a verdict may come. */
const seeds = 3;

/**
 * Measures what a run file describes, says what to try, and writes it as run files; tries it where that is asked for.
 *
 * @throws InputError where file or options are wrong.
 */
export async function advise(file: string, options: AdviseOptions, io: Io): Promise<'done' | 'interrupted'> {
  const budget = 1000 * parseBudget(options.budget ?? '10m');
  const { cwd, signal } = io;
  const { plugins, quiet, force = false } = options;
  const progress = quiet === true ? quietProgress(io) : createProgress(io);
  const loaded = await loadConfig({ file, cwd, plugins });
  if (loaded.mistakes.mistakes.length > 0) throw new InputError(loaded.mistakes.mistakes);
  // Before anything is measured, which may take long: any rule may come to speak.
  const folder = await advisedFolder(options, loaded, io);
  await requireFree(
    rules.flatMap(({ name, change }) => (change === undefined ? [] : [fileOf(folder, loaded, name)])),
    force,
    cwd,
  );
  const output = await outputOf(options, loaded, io);
  const began = performance.now();
  const limit = (share: number) => limitAfter(share * budget - (performance.now() - began), signal);
  const train = (changes: readonly SetOption[], name: string, until: AbortSignal) =>
    trainVariant({ file, cwd, plugins, changes, output: join(output, name), progress, signal, until });

  const { repeat = 1 } = loaded.sections;
  const measuring = limit(options.try === true ? measuringShare : 1);
  const { run, document, lines } = await withoutObserver((observers) =>
    train(
      measuringChanges(loaded, Math.max(seeds, repeat), observers),
      observers ? 'measured' : 'measured-again',
      measuring,
    ),
  );
  if (signal.aborted) {
    const shown = shownPath(output, cwd);
    if (options.json === true) printJson(io.stdout, { status: 'interrupted', file, folder: output });
    else progress.note(`Stopped before enough was measured to advise anything. What was trained is in ${shown}.`);
    return 'interrupted';
  }
  const trunk = { sharing: run.config.sharing as unknown as Trunk['sharing'], stages: await stagesOf(run) };
  const measured = measuredOf(document, lines, await readLabels(run.tasks, run.data.train), trunk);
  const advice = adviceFor(measured);
  const files = await writeFiles(loaded, advice, { folder, force, cwd });
  let trials: readonly Trial[] | undefined;
  if (options.try === true) {
    let count = 0;
    const until = limit(1);
    const changes = new Map(files.map(({ name, config }) => [name, changesOf(loaded.raw, config)]));
    trials = await tryAdvice([...changes.keys()], run.training.epochs, async (name, effort) => {
      if (until.aborted) return undefined;
      const effortChanges = [...effortOf(effort.epochs, effort.seeds), ...withoutFolds(loaded.raw)];
      const of = name === undefined ? [] : (changes.get(name) ?? []);
      const trained = train([...of, ...effortChanges], `try-${++count}-${name ?? 'as-it-is'}`, until);
      // Whoever stops it keeps what was measured and tried so far.
      const found = await trained.catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
      return found?.document.status === 'done' ? found : undefined;
    });
  }
  const status = signal.aborted ? 'interrupted' : 'done';
  const result = { status, file, folder: output, complete: document.status === 'done', measured: measured.values, advice: advice.map((one) => ({ ...one, file: files.find(({ name }) => name === one.name)?.path })), ...(trials && { trials }) }; // biome-ignore format: one line
  await writeExport(join(output, 'advice.json'), { '': `${JSON.stringify(result, null, 2)}\n` });
  if (options.json === true) printJson(io.stdout, result);
  else tell(measured, advice, files, trials, { output, complete: document.status === 'done' }, io);
  return status;
}

/** Each with its value in percent of a change, and the file. */
interface AdvisedFile {
  readonly name: string;
  readonly path: string;
  readonly config: Record<string, unknown>;
}

/** Stops after a time, or when all stops. Its own timer, since one that `AbortSignal.any` joins may be collected before it ends. */
function limitAfter(milliseconds: number, all: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  // Whoever has nothing else to do need not wait for it.
  setTimeout(stop, Math.max(1, milliseconds)).unref();
  if (all.aborted) stop();
  all.addEventListener('abort', stop, { once: true });
  return controller.signal;
}

async function outputOf({ output }: AdviseOptions, loaded: LoadedConfig, { cwd }: Io): Promise<string> {
  if (output === undefined) return (await makeOutput(undefined, cwd, `${loaded.name}-advice`)).path;
  const path = resolve(cwd, output);
  const problem = await whyNotEmpty(path);
  if (problem !== undefined) throw new InputError([{ where: `--output ${output}`, message: problem }]);
  return path;
}

/** All networks over seeds, with a look at the gradients. */
function measuringChanges({ raw }: LoadedConfig, repeat: number, observers: boolean): SetOption[] {
  const where = 'what advise measures';
  const before = Array.isArray(raw.observers) ? raw.observers : [];
  const several = Array.isArray(raw.tasks) && raw.tasks.length > 1;
  return [
    { where, path: ['compare'], value: several ? 'single-task' : 'none' },
    { where, path: ['repeat'], value: repeat },
    ...withoutFolds(raw),
    { where, path: ['output'], value: null },
    ...(observers && several ? [{ where, path: ['observers'], value: [...before, gradientObserver] }] : []),
  ];
}

/** Seeds are what is repeated here. */
function withoutFolds({ split }: LoadedConfig['raw']): SetOption[] {
  const has = typeof split === 'object' && split !== null && 'folds' in split;
  return has ? [{ where: 'what advise measures', path: ['split', 'folds'], value: null }] : [];
}

function effortOf(epochs: number, repeat: number): SetOption[] {
  const where = 'what advise tries';
  return [
    { where, path: ['compare'], value: 'none' },
    { where, path: ['repeat'], value: repeat },
    { where, path: ['training', 'epochs'], value: epochs },
    { where, path: ['output'], value: null },
  ];
}

/** Once more without the observer, where the tasks share nothing that it could look at. */
async function withoutObserver<Result>(work: (observers: boolean) => Promise<Result>): Promise<Result> {
  try {
    return await work(true);
  } catch (error) {
    if (!(error instanceof InputError) && !PolytaskError.isInstance(error)) throw error;
    return work(false);
  }
}

/** Where run files of advice go: beside the file, unless the user names a folder. */
async function advisedFolder({ out }: AdviseOptions, loaded: LoadedConfig, { cwd }: Io): Promise<string> {
  if (out === undefined) return loaded.folder;
  const path = resolve(cwd, out);
  const there = await stat(path).catch(() => undefined);
  const problem = there?.isDirectory() === false ? 'this is a file; name a folder' : await whyNotWritable(path);
  if (problem !== undefined) throw new InputError([{ where: `--out ${out}`, message: problem }]);
  return path;
}

/** The run file of a piece of advice. */
function fileOf(folder: string, { name }: LoadedConfig, advice: string): string {
  return join(folder, `${name}.${advice}.yaml`);
}

async function requireFree(paths: readonly string[], force: boolean, cwd: string): Promise<void> {
  const problems = await Promise.all(paths.map((path) => whyNotExported(path, [''], force)));
  const mistakes = paths.flatMap((path, i) => {
    const message = problems[i];
    return message === undefined ? [] : [{ where: shownPath(path, cwd), message }];
  });
  if (mistakes.length > 0) throw new InputError(mistakes);
}

/** A run file for every piece of advice that changes something. */
async function writeFiles(
  loaded: LoadedConfig,
  advice: readonly Advice[],
  { folder, force, cwd }: { readonly folder: string; readonly force: boolean; readonly cwd: string },
): Promise<AdvisedFile[]> {
  const files = advice.flatMap(({ name, change, sentence }) => {
    if (change === undefined) return [];
    const config = applyChange(loaded.raw, loaded.sections.sharing, change);
    if (changesOf(loaded.raw, config).length === 0) return [];
    return [
      {
        name,
        path: fileOf(folder, loaded, name),
        config,
        text: toYaml(movePaths(config, loaded.folder, folder), [
          `From ${basename(loaded.path)}, as \`polytask advise\` says:`,
          sentence,
        ]),
      },
    ];
  });
  // Once more, since others may have written meanwhile.
  await requireFree(
    files.map(({ path }) => path),
    force,
    cwd,
  );
  for (const { path, text } of files) await writeExport(path, { '': text });
  return files;
}

function tell(
  measured: Measured,
  advice: readonly Advice[],
  files: readonly AdvisedFile[],
  trials: readonly Trial[] | undefined,
  { output, complete }: { readonly output: string; readonly complete: boolean },
  io: Io,
): void {
  const line = (text: string) => print(io.stdout, text);
  line('Measured:');
  for (const [name, value] of Object.entries(measured.values)) {
    const of = measured.tasks[name as MeasurementName] ?? [];
    line(
      `  ${measurements[name as MeasurementName]}: ${Number.isInteger(value) ? value : formatValue(value)}${name === 'tasks' || of.length === 0 ? '' : ` (${of.join(', ')})`}`,
    );
  }
  if (!complete) line('  The budget ended before all was measured; a larger --budget measures more.');
  line('');
  if (advice.length === 0) line('Nothing that was measured calls for a change.');
  for (const [index, { name, sentence, confidence, source }] of advice.entries()) {
    line(`${index + 1}. ${sentence}`);
    const from = source === 'unproven' ? ['unproven'] : Object.values(source);
    line(`   Confidence: ${confidence}. From: ${from.join('; ')}.`);
    const file = files.find((one) => one.name === name);
    if (file !== undefined) line(`   Try: polytask train ${shownPath(file.path, io.cwd)}`);
    const trial = trials?.find((one) => one.name === name);
    if (trial !== undefined) line(`   Tried: ${trialText(trial)}`);
  }
  line('');
  line(`Runs and advice.json: ${shownPath(output, io.cwd)}`);
}

function trialText({ outcome, gain, reason, rungs }: Trial): string {
  if (gain !== undefined) {
    const range =
      gain.interval === null
        ? ''
        : ` (95 %: ${formatChange(gain.interval.low)} to ${formatChange(gain.interval.high)})`;
    return `${outcome}, ${formatChange(gain.mean)} on the test rows over ${gain.seeds} seeds${range}`;
  }
  const last = rungs.at(-1);
  const so =
    last?.gain == null
      ? ''
      : `, ${formatChange(last.gain)} on the validation rows after ${counted(last.epochs, 'epoch')}`;
  return `${outcome}${so}${reason === undefined ? (outcome === 'not tried' ? ': no time was left' : '') : `: ${reason}`}`;
}

import { existsSync } from 'node:fs';
import { PolytaskError } from '@polytask/core';
import type { RunDocument, RunFolder } from '@polytask/experiment';
import { listCheckpoints, shownPath, unfinishedNetwork } from '@polytask/experiment';
import { RunError } from '@polytask/experiment/early';
import { colorsFor, type Io, print, printJson } from '../io.js';
import { foldsTable } from '../report/folds-table.js';
import { counted } from '../report/format.js';
import { resultTable } from '../report/table.js';

/** What is printed at the end, and how. */
export interface EndOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** Folders that have to be named again to go on. */
  readonly needed?: readonly string[];
}

/** Whether the program was asked to stop before there was anything to keep; says so. */
export function stoppedEarly({ signal, stderr }: Io): boolean {
  if (signal.aborted) print(stderr, 'Stopped before training began; nothing was written.');
  return signal.aborted;
}

/** Runs to the end or to a stop, and prints what came of it. */
export async function runToEnd(
  execute: () => Promise<RunDocument>,
  folder: RunFolder,
  options: EndOptions,
  io: Io,
): Promise<'done' | 'interrupted'> {
  io.setLastWords?.(() =>
    existsSync(folder.files.run)
      ? `Ended at once; what came after the newest checkpoint is lost.\nGo on with:\n  ${resumeCommand(folder.path, io.cwd, options.needed)}`
      : 'Ended at once, before training began.',
  );
  let document: RunDocument;
  try {
    document = await execute();
  } catch (error) {
    // What our own errors tell of would happen again.
    if (PolytaskError.isInstance(error) || !existsSync(folder.files.run)) throw error;
    throw new RunError(
      error,
      `When that is mended, go on with:\n  ${resumeCommand(folder.path, io.cwd, options.needed)}`,
    );
  }
  if (document.status === 'interrupted') print(io.stderr, await stopText(document, folder, io.cwd, options.needed));
  printResults(document, options, io);
  return document.status === 'interrupted' ? 'interrupted' : 'done';
}

/** The results on standard output: a table, or under `json` the whole document. */
export function printResults(document: RunDocument, { json, quiet }: EndOptions, { stdout, stderr, env }: Io): void {
  if (json === true) printJson(stdout, document);
  else if (document.joint?.tasks !== undefined || document.overFolds !== undefined) {
    // On a terminal the table follows right after the progress.
    if (stderr.isTTY === true && stdout.isTTY === true && quiet !== true) print(stderr, '');
    const colors = colorsFor(stdout, env);
    print(stdout, document.overFolds === undefined ? resultTable(document, colors) : foldsTable(document, colors));
  }
}

/** What to type to go on with a run. */
function resumeCommand(path: string, cwd: string, needed: EndOptions['needed'] = []): string {
  const word = (folder: string) => {
    const shown = folder === cwd ? '.' : shownPath(folder, cwd);
    const plain = /^[\w./:@%+=-]+$/.test(shown) && !shown.startsWith('-');
    return plain ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
  };
  return ['polytask train --resume', word(path), ...needed.map((folder) => `--plugins ${word(folder)}`)].join(' ');
}

async function stopText(
  document: RunDocument,
  folder: RunFolder,
  cwd: string,
  needed: EndOptions['needed'],
): Promise<string> {
  if (document.folds !== undefined)
    return `Stopped after ${counted(document.folds.length, 'fold')}.\nGo on with:\n  ${resumeCommand(folder.path, cwd, needed)}`;
  const { name = 'joint', task, seed, repetition = 0 } = unfinishedNetwork(document) ?? {};
  const [newest] = await listCheckpoints(folder.checkpoints(name));
  const steps = name === 'joint' ? document.joint?.steps : newest?.step;
  const step = steps === undefined ? '' : `step ${steps}`;
  const details = [
    ...(task === undefined ? [] : [`task ${task} alone`]),
    ...(repetition === 0 ? [] : [`seed ${seed}`]),
    ...(step === '' ? [] : [step]),
  ].join(', ');
  const comparing = task === undefined ? `repeating (${details})` : `comparing (${details})`;
  const where = name === 'joint' ? `after ${step}` : `while ${comparing}`;
  const kept = newest === undefined ? '' : ` Checkpoint: ${shownPath(newest.path, cwd)}`;
  return `Stopped ${where}.${kept}\nGo on with:\n  ${resumeCommand(folder.path, cwd, needed)}`;
}

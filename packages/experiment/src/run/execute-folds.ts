import { makeFolder } from '@polytask/core/node';
import type { LoadedConfig } from '../config/load-config.js';
import { type PreparedRun, prepareRun } from '../parts/prepare-run.js';
import type { RunDocument } from './document.js';
import { executeRun, firstDocument, type RunSurroundings } from './execute-run.js';
import { foldFolder, overFolds } from './over-folds.js';
import type { RunFolder } from './run-folder.js';
import { withRunFolder } from './with-run-folder.js';

/** How folds are run. */
export interface FoldsRequest {
  readonly folds: number;
  /** The configuration of a fold, counted from 1. */
  readonly load: (fold: number) => Promise<LoadedConfig>;
  /** The first fold, ready to run: what is wrong with the configuration has shown. */
  readonly first: PreparedRun;
  /** What a fold that is ready is run with, but for its folder. */
  readonly around: (run: PreparedRun) => Promise<Omit<RunSurroundings, 'folder' | 'began'>>;
  readonly signal: AbortSignal;
  /** Told before a fold is run. */
  readonly begin?: (fold: number) => void;
  /** The run of a fold that is there already: what it says, or what came of going on with it. */
  readonly known?: (fold: number, path: string) => Promise<RunDocument | undefined>;
}

/** Runs the folds one after another, each in a folder of its own within `folder`, which says at every moment what they give together. */
export async function executeFolds(folder: RunFolder, request: FoldsRequest): Promise<RunDocument> {
  const { folds, load, first, around, signal, begin, known } = request;
  const config = { ...first.config, split: { ...first.config.split } };
  delete (config.split as { fold?: number }).fold;
  const surroundings = await around(first);
  const whole = await firstDocument(
    { ...first, config },
    { ...surroundings, folder, began: performance.now() },
    undefined,
  );
  const documents: RunDocument[] = [];
  let document = overFolds(whole, documents, folds);
  await folder.writeDocument(document);
  for (let fold = 1; fold <= folds && !signal.aborted; fold++) {
    begin?.(fold);
    const path = foldFolder(folder.path, fold);
    const before = await known?.(fold, path);
    if (before !== undefined) documents.push(before);
    else {
      const began = performance.now();
      const run = fold === 1 ? first : await prepareRun(await load(fold), signal);
      const own = fold === 1 ? surroundings : await around(run);
      await makeFolder(path);
      documents.push(await withRunFolder(path, path, (inner) => executeRun(run, { ...own, folder: inner, began })));
    }
    document = overFolds(whole, documents, folds);
    await folder.writeDocument(document);
    if (document.status === 'interrupted') break;
  }
  return document;
}

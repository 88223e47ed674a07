import { constants } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, encodeCheckpoint, type State, type Trainer } from '@polytask/core';
import { openRegularFile, readRegularText, saveCheckpoint, writeFileAtomic } from '@polytask/core/node';
import { isMapping } from '../config/paths.js';
import { InputError } from '../errors/mistakes.js';
import { checkpointName, listCheckpoints, type Retention, superfluous } from './checkpoint-files.js';
import type { RunDocument } from './document.js';

/** A network of a run, as its checkpoints' folder is called; those that learn one task alone are numbered from 1. */
export type NetworkName = 'joint' | `single-task-${number}`;

/** A line of `metrics.jsonl`. */
export interface MetricsLine {
  readonly network: 'joint' | 'single-task';
  /** Under `single-task`. */
  readonly task?: string;
  readonly epoch: number;
  readonly [measured: string]: unknown;
}

/** The files of one run. Whoever writes to them has the lock. */
export interface RunFolder {
  readonly path: string;
  readonly files: { readonly [file in 'run' | 'metrics' | 'model']: string };
  /** Where a network's checkpoints are. */
  checkpoints(network: NetworkName): string;
  /** `run.json`, whole at every moment. */
  writeDocument(document: RunDocument): Promise<void>;
  /** A line of `metrics.jsonl`. */
  addMetrics(line: MetricsLine): Promise<void>;
  /** Takes lines out of `metrics.jsonl`: those that are not wanted, and what is no whole line. */
  keepMetrics(isWanted: (line: MetricsLine) => boolean): Promise<void>;
  /** All that is needed to go on with a network; then older checkpoints go, as far as they need not stay. */
  saveCheckpoint(network: NetworkName, checkpoint: Checkpoint, retention: Retention): Promise<string>;
  /** Of a network that is done with. */
  dropCheckpoints(network: NetworkName): Promise<void>;
  /** `model.safetensors`: the joint network's variables by path, and what is needed to build it. */
  saveModel(trainer: Trainer<never>, description: State): Promise<void>;
  /** Removes what processes left behind that were killed while they wrote. */
  removeLeftovers(): Promise<void>;
}

const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;

/** Bytes of `metrics.jsonl`: a text cannot be longer. */
const longestMetrics = 2 ** 29;

/** Opens a folder for a run. */
export function openRunFolder(path: string): RunFolder {
  const files = {
    run: join(path, 'run.json'),
    metrics: join(path, 'metrics.jsonl'),
    model: join(path, 'model.safetensors'),
  };
  const checkpoints = (network: NetworkName) => join(path, 'checkpoints', network);
  return {
    path,
    files,
    checkpoints,
    writeDocument: (document) => writeFileAtomic(files.run, `${JSON.stringify(document, null, 2)}\n`),
    async addMetrics(line) {
      const file = await openRegularFile(files.metrics, appending);
      try {
        await file.writeFile(`${JSON.stringify(line)}\n`);
        // Before the checkpoint of the same epoch is: a line too many can be taken out, one that is missing cannot be had again.
        await file.sync();
      } finally {
        await file.close();
      }
    },
    async keepMetrics(isWanted) {
      const text = await readRegularText(files.metrics, { most: longestMetrics }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return '';
          if (error.code === 'POLYTASK_FILE') throw new InputError([{ where: files.metrics, message: error.message }]);
          throw error;
        },
      );
      const kept = text
        .split('\n')
        .filter((line) => line !== '' && isWanted(parseLine(line)))
        .map((line) => `${line}\n`)
        .join('');
      if (kept !== text) await writeFileAtomic(files.metrics, kept);
    },
    async saveCheckpoint(network, checkpoint, retention) {
      const { epoch, history } = checkpoint.state as { epoch?: number; history?: { steps: number } };
      const folder = checkpoints(network);
      const file = join(folder, checkpointName(epoch ?? 0, history?.steps ?? 0));
      await saveCheckpoint(file, checkpoint);
      for (const old of superfluous(await listCheckpoints(folder), retention)) await rm(old.path, { force: true });
      return file;
    },
    dropCheckpoints: (network) => rm(checkpoints(network), { recursive: true, force: true }),
    async saveModel(trainer, description) {
      const { variables, ...facts } = await trainer.model();
      const state = { ...description, ...(facts as unknown as State) };
      await writeFileAtomic(files.model, await encodeCheckpoint({ state, tensors: variables }));
    },
    async removeLeftovers() {
      for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
        if (entry.isFile() && isTemporary(entry.name)) await rm(join(entry.parentPath, entry.name), { force: true });
      }
    },
  };
}

/** Whether a file is one that `writeFileAtomic` has begun and nobody has finished. */
export function isTemporary(name: string): boolean {
  return /\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/.test(name);
}

/** Puts a file that cannot be read out of the way of those that can. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged`;
  await rename(path, aside);
  return aside;
}

/** A line that is none has an epoch that no checkpoint has reached. */
function parseLine(line: string): MetricsLine {
  try {
    const value: unknown = JSON.parse(line);
    if (isMapping(value) && typeof value.epoch === 'number') return value as unknown as MetricsLine;
  } catch {}
  return { network: 'joint', epoch: Number.POSITIVE_INFINITY };
}

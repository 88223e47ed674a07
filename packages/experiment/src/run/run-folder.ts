import { join, relative } from 'node:path';
import { type Checkpoint, encodeCheckpoint, type State, type Trainer } from '@polytask/core';
import { checkpointName, listCheckpoints, type Retention, superfluous } from './checkpoint-files.js';
import type { MetricsLine, RunDocument } from './document.js';
import { metricsOf } from './metrics-file.js';
import { ownFiles } from './own-files.js';

/**
 * A network of a run, as its checkpoints' folder is called; those that learn one task alone are numbered from 1, and those of further
 * seeds begin with the number of the repetition, from 2.
 */
export type NetworkName = `${'' | `repeat-${number}-`}${'joint' | `single-task-${number}`}`;

/** The files of one run. Only the process that has the lock writes to them. */
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
  /** Puts a checkpoint that cannot be read out of the way of those that can. */
  setAside(file: string): Promise<void>;
  /** Removes what processes left behind that were killed while they wrote. */
  removeLeftovers(): Promise<void>;
}

/** Opens a folder for a run. */
export function openRunFolder(path: string): RunFolder {
  const files = {
    run: join(path, 'run.json'),
    metrics: join(path, 'metrics.jsonl'),
    model: join(path, 'model.safetensors'),
  };
  const checkpoints = (network: NetworkName) => join(path, 'checkpoints', network);
  const own = ownFiles(path);
  const checkpointsOf = (network: NetworkName) => `checkpoints/${network}`;
  return {
    path,
    files,
    checkpoints,
    writeDocument: (document) => own.write('run.json', `${JSON.stringify(document, null, 2)}\n`),
    // Flushed before the checkpoint of the same epoch is: a line too many can be taken out, one that is missing cannot be had again.
    addMetrics: (line) => own.append('metrics.jsonl', `${JSON.stringify(line)}\n`),
    async keepMetrics(isWanted) {
      const text = await own.read('metrics.jsonl');
      const kept = metricsOf(text).filter(({ line }) => line !== undefined && isWanted(line));
      // Also where all stay: the file is then one of its own, if a copy by hard links was made of the folder.
      if (text !== '') await own.write('metrics.jsonl', kept.map((line) => `${line.text}\n`).join(''));
    },
    async saveCheckpoint(network, checkpoint, retention) {
      const { epoch, history } = checkpoint.state as { epoch?: number; history?: { steps: number } };
      const name = checkpointName(epoch ?? 0, history?.steps ?? 0);
      await own.write(join(checkpointsOf(network), name), await encodeCheckpoint(checkpoint));
      const all = await listCheckpoints(checkpoints(network));
      for (const old of superfluous(all, retention)) await own.remove(relative(path, old.path));
      return join(checkpoints(network), name);
    },
    dropCheckpoints: (network) => own.remove(checkpointsOf(network)),
    async saveModel(trainer, description) {
      const { variables, ...facts } = await trainer.model();
      const state = { ...description, ...(facts as unknown as State) };
      await own.write('model.safetensors', await encodeCheckpoint({ state, tensors: variables }));
    },
    async setAside(file) {
      await own.move(relative(path, file), `${relative(path, file)}.damaged`);
    },
    async removeLeftovers() {
      const inside = (await own.entries('checkpoints')).filter(({ isFolder }) => isFolder);
      for (const folder of ['.', 'checkpoints', ...inside.map(({ name }) => join('checkpoints', name))]) {
        for (const { name, isFolder } of await own.entries(folder)) {
          if (!isFolder && isTemporary(name)) await own.remove(join(folder, name));
        }
      }
    },
  };
}

/** Whether a file is one that `writeFileAtomic` has begun and nobody has finished. */
export function isTemporary(name: string): boolean {
  return /\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/.test(name);
}

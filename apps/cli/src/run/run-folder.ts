import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, encodeCheckpoint, type State, type Trainer } from '@polytask/core';
import { saveCheckpoint, writeFileAtomic } from '@polytask/core/node';
import type { RunDocument } from '../report/document.js';

/** The files of one run. */
export interface RunFolder {
  readonly path: string;
  readonly files: { readonly [file in 'run' | 'metrics' | 'checkpoint' | 'model']: string };
  /** `run.json`, whole at every moment. */
  writeDocument(document: RunDocument): Promise<void>;
  /** A line of `metrics.jsonl`. */
  addMetrics(line: object): Promise<void>;
  /** `checkpoint.safetensors`: all that is needed to go on with the joint network. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** `model.safetensors`: the joint network's variables by path, and what is needed to build it. */
  saveModel(trainer: Trainer<never>, description: State): Promise<void>;
}

/** Opens an empty folder for a run. */
export function openRunFolder(path: string): RunFolder {
  const files = {
    run: join(path, 'run.json'),
    metrics: join(path, 'metrics.jsonl'),
    checkpoint: join(path, 'checkpoint.safetensors'),
    model: join(path, 'model.safetensors'),
  };
  return {
    path,
    files,
    writeDocument: (document) => writeFileAtomic(files.run, `${JSON.stringify(document, null, 2)}\n`),
    addMetrics: (line) => appendFile(files.metrics, `${JSON.stringify(line)}\n`),
    saveCheckpoint: (checkpoint) => saveCheckpoint(files.checkpoint, checkpoint),
    async saveModel(trainer, description) {
      const { variables, ...facts } = await trainer.model();
      const state = { ...description, ...(facts as unknown as State) };
      await writeFileAtomic(files.model, await encodeCheckpoint({ state, tensors: variables }));
    },
  };
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, PolytaskError } from '@polytask/core';
import { loadCheckpoint } from '@polytask/core/node';

/** A file with a checkpoint of one network. */
export interface CheckpointFile {
  readonly path: string;
  /** Whole epochs done. */
  readonly epoch: number;
  /** Steps done in all. */
  readonly step: number;
}

/** Which checkpoints of a network stay. */
export interface Retention {
  /** How many of the newest. */
  readonly keepLast: number;
  /** The epoch whose checkpoint stays besides, counted from 1. */
  readonly bestEpoch?: number | undefined;
}

/** The name of a checkpoint's file: how far the network has come. */
export function checkpointName(epoch: number, step: number): string {
  return `epoch-${epoch}-step-${step}.safetensors`;
}

/** Checkpoints in a folder, the newest first; none where there is no folder. */
export async function listCheckpoints(folder: string): Promise<CheckpointFile[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.flatMap((name) => {
    const found = /^epoch-(\d{1,15})-step-(\d{1,15})\.safetensors$/.exec(name);
    return found === null ? [] : [{ path: join(folder, name), epoch: Number(found[1]), step: Number(found[2]) }];
  });
  return files.sort((a, b) => b.step - a.step || b.epoch - a.epoch);
}

/** Those that need not stay. The checkpoint of an epoch is the first with that many epochs done; later ones are within the next. */
export function superfluous(files: readonly CheckpointFile[], { keepLast, bestEpoch }: Retention): CheckpointFile[] {
  const best = files.filter(({ epoch }) => epoch === bestEpoch).at(-1);
  return files.slice(keepLast).filter((file) => file !== best);
}

/** What {@link newestIntact} found. */
export interface FoundCheckpoint {
  /** Undefined where there is none, or none is intact. */
  readonly newest?: { readonly file: CheckpointFile; readonly checkpoint: Checkpoint };
  /** Newer ones that cannot be read, with the reason. */
  readonly damaged: readonly { readonly file: CheckpointFile; readonly reason: string }[];
}

/** Reads the newest checkpoint of a folder that is whole. */
export async function newestIntact(folder: string): Promise<FoundCheckpoint> {
  const damaged: { file: CheckpointFile; reason: string }[] = [];
  for (const file of await listCheckpoints(folder)) {
    try {
      return { newest: { file, checkpoint: await loadCheckpoint(file.path) }, damaged };
    } catch (error) {
      if (!PolytaskError.isInstance(error)) throw error;
      damaged.push({ file, reason: error.message });
    }
  }
  return { damaged };
}

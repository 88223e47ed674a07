import { join, relative } from 'node:path';
import { type Checkpoint, createTrainer, type HostTensor, PolytaskError, type State } from '@polytask/core';
import { InputError } from '../errors/mistakes.js';
import type { PreparedRun } from '../parts/prepare-run.js';
import { newestIntact } from './checkpoint-files.js';
import { openRunFolder } from './run-folder.js';

/** Where training goes on that another run has begun. */
export interface ContinuePoint {
  /** For a run with other settings of training: with the new optimizer's, and without what early stopping has seen. */
  readonly checkpoint: Checkpoint;
  /** Its file, seen from the folder of that run. */
  readonly from: string;
  /** Epochs that are done. */
  readonly epochs: number;
}

/**
 * Takes up the newest checkpoint of a run's joint network for a run of the same model on the same rows: with other epochs, another
 * learning rate, another optimizer (whose moments then begin at zero), another patience.
 *
 * @param path - The folder of the run that has begun.
 * @param shown - The same as the user wrote it.
 * @throws InputError where there is no checkpoint, it is of another model, or as many epochs are done as are asked for.
 */
export async function findContinuePoint(run: PreparedRun, path: string, shown: string): Promise<ContinuePoint> {
  const home = openRunFolder(path).checkpoints('joint');
  const { newest } = await newestIntact(home);
  const refuse = (message: string) => new InputError([{ where: `--continue ${shown}`, message }]);
  if (newest === undefined) throw refuse('this run has no checkpoint that can be read; begin a new one');
  const epochs = (newest.checkpoint.state.epoch as number | undefined) ?? 0;
  if (epochs >= run.training.epochs) {
    const more = `ask for more in all, such as \`--set training.epochs=${epochs + Math.max(10, epochs)}\``;
    throw refuse(`${epochs} epochs are done, and \`training.epochs\` is ${run.training.epochs}; ${more}`);
  }
  const trainer = await createTrainer({ ...(await run.joint()), seed: run.config.seed, inputs: run.data.train.inputs });
  try {
    const checkpoint = withSettingsOf(await trainer.checkpoint(), newest.checkpoint);
    await trainer.restore(checkpoint);
    return { checkpoint, from: relative(path, newest.file.path), epochs };
  } catch (error) {
    if (!PolytaskError.isInstance(error)) throw error;
    throw new InputError([{ where: join(shown, relative(path, newest.file.path)), message: error.message }]);
  } finally {
    trainer.dispose();
  }
}

/** A checkpoint as if its run had been begun with the settings of another one of the same model. */
function withSettingsOf(ours: Checkpoint, { state, tensors }: Checkpoint): Checkpoint {
  const [mine, theirs] = [ours.state.description, state.description] as [Described, Described];
  const isSame = mine.optimizer?.name === theirs?.optimizer?.name;
  const isSlot = (name: string) => name.startsWith('slot/');
  const kept = Object.entries(tensors).filter(([name]) => !name.startsWith('best/') && (isSame || !isSlot(name)));
  const fresh = isSame ? [] : Object.entries(ours.tensors).filter(([name]) => isSlot(name));
  return {
    state: {
      ...state,
      description: { ...theirs, optimizer: mine.optimizer ?? null, rates: mine.rates ?? null } as State,
      stopping: null,
      perTask: false,
    },
    tensors: Object.fromEntries([...kept, ...fresh]) as { [name: string]: HostTensor },
  };
}

/** As a checkpoint describes its run. */
type Described = State & { readonly optimizer?: State; readonly rates?: State };

import type { AnyTask, Executor, Trainer } from '@polytask/core';
import { BackendError } from '../backend/backends.js';
import { selectBackend } from '../backend/select-backend.js';
import type { Config } from '../config/schema.js';
import { InputError } from '../errors/mistakes.js';
import type { SelectedBackend } from './document.js';
import type { SavedModel } from './load-model.js';

/**
 * Builds a saved model on the backend that is wanted, and lets it predict a row: what the backend lacks shows here.
 *
 * @param where - What names the backend, for messages.
 * @param warn - Told what does not compile.
 * @param inspected - Whether auxiliary objectives are there too, to say what they find of rows.
 * @throws InputError where the backend cannot compute this model.
 */
export async function openModel(
  saved: SavedModel,
  { backend, threads }: Pick<Config, 'backend' | 'threads'>,
  where: string,
  warn: (message: string) => void,
  inspected = false,
): Promise<{ trainer: Trainer<readonly AnyTask[]>; backend: SelectedBackend }> {
  let trainer: Trainer<readonly AnyTask[]> | undefined;
  const trial = async (executor: Executor) => {
    trainer = await saved.build(executor, inspected);
    await trainer.predict(oneRow(saved));
  };
  try {
    const selected = await selectBackend(backend, { trial, code: saved.code, threads, warn });
    return { trainer: trainer as unknown as Trainer<readonly AnyTask[]>, backend: selected.backend };
  } catch (error) {
    trainer?.dispose();
    if (error instanceof BackendError) throw new InputError([{ where, message: error.message }]);
    throw error;
  }
}

/** A row of zeros. */
function oneRow({ inputs }: SavedModel) {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]) => {
      const size = shape.reduce((product, length) => product * length, 1);
      const data = dtype === 'int32' ? new Int32Array(size) : new Float32Array(size);
      return [name, { data, shape: [1, ...shape] }];
    }),
  );
}

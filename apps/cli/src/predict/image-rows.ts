import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type AnyTask, PolytaskError, type Trainer, tableDataset } from '@polytask/core';
import { readImages } from '@polytask/data/node';
import type { SavedModel } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import type { Io } from '../io.js';
import type { InspectedColumns } from './inspected-columns.js';
import type { PartRows } from './part-rows.js';
import { predictionColumns } from './prediction-columns.js';

/** Whether a model takes images, as the data `images` give them. */
export const takesImages = ({ config }: Pick<SavedModel, 'config'>) =>
  (config.data as { use?: unknown }).use === 'images';

/** Images read and predicted at once. */
const blockSize = 64;

/**
 * Images as rows: `file`, as the user named it, then the predictions of every task.
 *
 * @param files - Images, or folders of them.
 * @throws InputError where there is no image, or one cannot be read.
 */
export async function imageRows(
  trainer: Trainer<readonly AnyTask[]>,
  { config, inputs }: Pick<SavedModel, 'config' | 'inputs'>,
  files: readonly string[],
  inspected: InspectedColumns,
  io: Io,
): Promise<PartRows> {
  const paths = (await Promise.all(files.map((file) => imagesIn(file, io.cwd)))).flat();
  if (paths.length === 0) {
    const message = 'this model takes images; name files (.png, .jpg), or folders of them';
    throw new InputError([{ where: files[0] ?? 'polytask predict', message }]);
  }
  const [height = 0, width = 0, channels = 1] = inputs.image?.shape ?? [];
  const { size } = config.data as { size?: readonly [number, number] };
  const like = {
    path: 'the images of training',
    height,
    width,
    channels: channels === 3 ? (3 as const) : (1 as const),
  };
  const columns = trainer.tasks.map((task) => predictionColumns(task));
  return {
    names: ['file', ...columns.flatMap(({ names }) => names), ...inspected.names],
    async *rows() {
      for (let from = 0; from < paths.length; from += blockSize) {
        const some = paths.slice(from, from + blockSize);
        const image = await readImages(
          some.map((path) => resolve(io.cwd, path)),
          { like, channels: like.channels, signal: io.signal, ...(size === undefined ? {} : { size }) },
        ).catch((error: unknown) => {
          if (!PolytaskError.isInstance(error) || error.code !== 'POLYTASK_DATASET') throw error;
          throw new InputError([{ where: 'polytask predict', message: error.message }]);
        });
        const rows = tableDataset({ inputs: { image }, columns: {} }).gather(some.map((_, row) => row));
        const predicted = await trainer.predict(rows.inputs);
        const inside = await inspected.look(rows.inputs);
        yield some.map((path, row) => [
          path,
          ...columns.flatMap(({ cells }, task) => cells(predicted[(trainer.tasks[task] as AnyTask).name]?.[row])),
          ...inside(row),
        ]);
      }
    },
  };
}

/** An image, or those in a folder and below it, by name. */
async function imagesIn(file: string, cwd: string): Promise<string[]> {
  const path = resolve(cwd, file);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new InputError([{ where: file, message: 'there is no such file or folder' }]);
  if (!found.isDirectory()) return [file];
  const entries = await readdir(path, { recursive: true });
  return entries
    .filter((name) => /\.(png|jpe?g)$/i.test(name))
    .sort()
    .map((name) => join(file, name));
}

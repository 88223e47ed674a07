import type { Batch } from '../contracts/batch.js';
import type { Cursor, MultiTaskDataset } from '../contracts/dataset.js';
import { labelBatch } from '../data/label-batch.js';
import { PolytaskError } from '../errors/polytask-error.js';
import type { Run } from './run.js';
import type { BatchSources } from './runtime.js';
import { noValidation } from './validation-needs.js';

/** The batch as it is without labels of these tasks. */
export function withoutTasks(batch: Batch, names: readonly string[]): Batch {
  if (names.length === 0) return batch;
  const none = names.map((name) => [name, new Float32Array(batch.weights[name]?.length ?? 0)] as const);
  return { ...batch, weights: { ...batch.weights, ...Object.fromEntries(none) } };
}

/**
 * Endless streams of further batches, with orders of their own; counted, so that a resumed run goes on where it was. The plan has one
 * stream of each kind (`undefined`); a part that only looks has its own, and takes no batch away from the plan.
 */
export function furtherBatches(
  run: Run,
  train: MultiTaskDataset,
  validation: MultiTaskDataset | undefined,
  batchSize: number,
): (stream: string | undefined) => BatchSources {
  const { tasks, seed } = run.description;
  const cursors = new Map<string, Cursor>();
  const draw = async (
    stream: string | undefined,
    kind: 'another' | 'validation',
    dataset: MultiTaskDataset,
  ): Promise<Batch> => {
    const key = stream === undefined ? kind : `${stream}/${kind}`;
    const size = Math.min(batchSize, dataset.size);
    const perEpoch = dataset.batches({ batchSize: size, lastBatch: 'drop' });
    const shuffleSeed = `${seed}/${key}`;
    const cursor = cursors.get(key) ?? dataset.open({ batchSize: size, lastBatch: 'drop', shuffleSeed });
    cursors.set(key, cursor);
    const count = run.drawn[key] ?? 0;
    run.drawn[key] = count + 1;
    cursor.seek(Math.floor(count / perEpoch), count % perEpoch);
    const raw = await cursor.next();
    if (raw === null)
      throw new PolytaskError('POLYTASK_DATASET', 'The data set ended before the number of batches that it names.');
    const overlays = kind === 'another' ? run.overlays : undefined;
    return withoutTasks(labelBatch(raw, tasks, run.constants, overlays, dataset.sources), run.frozen);
  };
  return (stream) => ({
    another: () => draw(stream, 'another', train),
    validation: () => {
      if (validation === undefined) {
        throw noValidation(stream ?? run.description.balancing.name);
      }
      return draw(stream, 'validation', validation);
    },
  });
}

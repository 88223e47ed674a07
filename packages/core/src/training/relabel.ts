import type { Batch } from '../contracts/batch.js';
import type { MultiTaskDataset } from '../contracts/dataset.js';
import { ofCore } from '../contracts/guard-part.js';
import type { LookedThrough, Relabelling } from '../contracts/label-overlays.js';
import type { ForwardOutput } from '../contracts/step-plan.js';
import type { HostTensor } from '../contracts/tensors.js';
import { labelBatch } from '../data/label-batch.js';
import { prefixed } from './batch-feeds.js';
import { requireOutputs } from './forward-outputs.js';
import type { Run } from './run.js';

/** Where rows are looked through. */
export interface RelabelData {
  readonly train: MultiTaskDataset;
  readonly validation: MultiTaskDataset | undefined;
  /** Rows per pass. */
  readonly batchSize: number;
}

/** Lets auxiliary terms give rows other labels between two epochs; gives what they record. */
export async function relabel(run: Run, data: RelabelData): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { name, bound } of run.model.auxiliaries) {
    const recorded = await bound.relabel?.(relabelling(run, data));
    if (typeof recorded === 'object') Object.assign(found, prefixed(name, recorded));
  }
  return found;
}

function relabelling(run: Run, data: RelabelData): Relabelling {
  return ofCore<Relabelling>({
    epoch: run.epoch + 1,
    labels: run.overlays,
    hasValidation: data.validation !== undefined,
    rows<const Names extends readonly ForwardOutput[]>(of: 'train' | 'validation', names: Names) {
      requireOutputs(run.model, names);
      const dataset = data[of];
      return look(run, dataset, of === 'train', names, data.batchSize) as AsyncIterable<LookedThrough<Names>>;
    },
  });
}

async function* look(
  { runtime, description, constants, overlays }: Run,
  dataset: MultiTaskDataset | undefined,
  overlaid: boolean,
  names: readonly ForwardOutput[],
  batchSize: number,
): AsyncGenerator<{ readonly batch: Batch; readonly outputs: { readonly [name: string]: HostTensor } }> {
  if (dataset === undefined) return;
  const program = runtime.programs.forward(names, false);
  const cursor = dataset.open({ batchSize });
  cursor.seek(0, 0);
  for (let raw = await cursor.next(); raw !== null; raw = await cursor.next()) {
    const batch = labelBatch(raw, description.tasks, constants, overlaid ? overlays : undefined, dataset.sources);
    if (names.length === 0) {
      yield { batch, outputs: {} };
      continue;
    }
    const { host } = await runtime.session.run(program, {
      parameters: runtime.parameters,
      keepState: false,
      feeds: runtime.modelFeeds(batch, runtime.reached),
      outputs: Object.fromEntries(names.map((name) => [name, 'read' as const])),
    });
    yield { batch, outputs: host };
  }
}

import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ProgramResult } from '../contracts/executor.js';
import type { GradientsOf } from '../contracts/gradient-balancing.js';
import type { HostTensor } from '../contracts/tensors.js';
import { labelsOf, prefixed, taskFactor } from '../training/batch-feeds.js';
import { addTo } from '../training/batch-parts.js';
import type { Runtime } from '../training/runtime.js';
import type { SplitBatch } from '../training/split-batch.js';
import { gradientBlocks } from './gradient-blocks.js';

/** By name of a block, of every objective the Gramian of its gradients on the parts in which it has labels. */
export interface PartGramians {
  readonly [block: string]: readonly Float64Array[];
}

/** Shared gradients that are kept apart by part, while everything else of a step is added up. */
export interface PartGradients {
  /** Takes the shared gradients out of what a program gave of a piece. */
  take(found: ProgramResult, piece: number): Promise<ProgramResult>;
  /** Their sum and its Gramians, as a program gives them of a whole batch, and the Gramians of the parts. */
  together(found: ProgramResult): Promise<{ readonly found: ProgramResult; readonly parts: PartGramians }>;
  /** Lets go of what is kept. */
  release(): void;
}

/** Opens the keeping of a step's gradients by part. */
export function partGradients(runtime: Runtime, of: GradientsOf, split: SplitBatch): PartGradients {
  return of === 'representation' ? ofRepresentation(runtime, split) : ofParameters(runtime, of, split);
}

function ofParameters(runtime: Runtime, of: GradientsOf, split: SplitBatch): PartGradients {
  const { session, programs } = runtime;
  const kept = new Map<number, DeviceTensor>();
  return {
    async take({ host, device: { shared, ...device } }, piece) {
      const part = split.partOf[piece] as number;
      const before = kept.get(part);
      if (before === undefined) kept.set(part, shared as DeviceTensor);
      else {
        await addTo(session, programs, before, shared as DeviceTensor);
        session.release(shared as DeviceTensor);
      }
      return { host, device };
    },
    async together({ host, device }) {
      const found = await session.run(programs.gramiansOfParts(of, split.count), {
        feeds: prefixed('part', Object.fromEntries(kept)),
        outputs: { gramians: 'read', parts: 'read', shared: 'hold' },
      });
      const all = {
        host: { ...host, gramians: found.host.gramians as HostTensor },
        device: { ...device, ...found.device },
      };
      return { found: all, parts: scaled(runtime, of, split, (found.host.parts as HostTensor).data) };
    },
    release() {
      for (const part of kept.values()) session.release(part);
      kept.clear();
    },
  };
}

/** Rows of the representation are those of one part each, so that gradients of different parts are orthogonal. */
function ofRepresentation(runtime: Runtime, split: SplitBatch): PartGradients {
  const k = runtime.model.objectives.length;
  const { count } = split;
  const squares = new Float64Array(k * count * count);
  return {
    async take(found, piece) {
      const part = split.partOf[piece] as number;
      const { data } = found.host.gramians as HostTensor;
      for (let i = 0; i < k; i++) {
        const at = (i * count + part) * count + part;
        squares[at] = (squares[at] as number) + (data[i * (k + 1)] as number);
      }
      return found;
    },
    together: async (found) => ({ found, parts: scaled(runtime, 'representation', split, squares) }),
    release() {},
  };
}

/**
 * Programs give gradients of a part's share of the losses of the whole batch; these are of its losses alone.
 *
 * @param products - `[blocks, K, n, n]`
 */
function scaled(runtime: Runtime, of: GradientsOf, split: SplitBatch, products: ArrayLike<number>): PartGramians {
  const { model } = runtime;
  const k = model.objectives.length;
  const { count } = split;
  const factors = Array.from({ length: k }, (_, objective) => factorsOf(runtime, split, objective));
  return Object.fromEntries(
    gradientBlocks(model.layout, of).map(({ name }, block) => [
      name,
      factors.map((own, objective) => {
        const labelled = own.flatMap((factor, part) => (factor > 0 ? [part] : []));
        const at = (block * k + objective) * count;
        return Float64Array.from(
          labelled.flatMap((a) =>
            labelled.map((b) => (own[a] as number) * (own[b] as number) * (products[(at + a) * count + b] as number)),
          ),
        );
      }),
    ]),
  );
}

/** By part, what an objective's loss of the part alone is of the part's share of the loss of the whole; 0 where it has no label. */
function factorsOf({ model }: Runtime, { batch, partOf, count }: SplitBatch, objective: number): number[] {
  const pieces = Array.from({ length: count }, (_, part) => batch.parts.filter((_, i) => partOf[i] === part));
  const rowsOf = (of: readonly Batch[]) => of.reduce((sum, { size }) => sum + size, 0);
  const task = model.tasks[objective];
  // Auxiliary objectives that are balanced like tasks are means over rows.
  if (task === undefined) return pieces.map((of) => (rowsOf(of) > 0 ? batch.size / rowsOf(of) : 0));
  const lossOf = (of: readonly Batch[]) => {
    const labels = of.map(({ weights }) => labelsOf(weights[task.name] as Float32Array));
    const [sum, labelled] = [labels.reduce((a, one) => a + one.sum, 0), labels.reduce((a, one) => a + one.labelled, 0)];
    return labelled > 0 ? taskFactor(task, labelled, rowsOf(of)) / sum : 0;
  };
  const whole = lossOf(batch.parts);
  return pieces.map((of) => (whole > 0 ? lossOf(of) / whole : 0));
}

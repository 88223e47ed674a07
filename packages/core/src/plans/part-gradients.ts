import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ProgramResult } from '../contracts/executor.js';
import type { GradientsOf } from '../contracts/gradient-balancing.js';
import type { HostTensor } from '../contracts/tensors.js';
import { pairsOf } from '../programs/jacobian-programs.js';
import { labelsOf, prefixed, taskFactor } from '../training/batch-feeds.js';
import { addTo } from '../training/batch-parts.js';
import { splitGramians } from '../training/primitives.js';
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
  /**
   * What a step goes on with, when all pieces have been taken: the shared gradients by part among the rest, to be combined; the Gramians of
   * the whole batch; and those of the parts.
   */
  together(found: ProgramResult): Promise<{
    readonly found: ProgramResult;
    readonly gramians: { readonly [block: string]: Float64Array };
    readonly parts: PartGramians;
  }>;
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
      const parts = prefixed('part', Object.fromEntries(kept));
      const program = programs.productsOfParts(of, split.count);
      const found = await session.run(program, { feeds: parts, outputs: { products: 'read' } });
      kept.clear();
      const { gramians, ofTasks } = fromProducts(runtime, of, split.count, (found.host.products as HostTensor).data);
      return {
        found: { host, device: { ...device, ...parts } },
        gramians,
        parts: scaled(runtime, of, split, ofTasks),
      };
    },
    release() {
      for (const part of kept.values()) session.release(part);
      kept.clear();
    },
  };
}

/** Rows of the representation are those of one part each, so that gradients of different parts are orthogonal. */
function ofRepresentation(runtime: Runtime, split: SplitBatch): PartGradients {
  const of = 'representation';
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
    together: async (found) => ({
      found,
      gramians: splitGramians(runtime, of, found.host.gramians as HostTensor),
      parts: scaled(runtime, of, split, squares),
    }),
    release() {},
  };
}

/**
 * From the products of pairs of parts: J Jᵀ of the sum J of all parts by block, and `[blocks, K, n, n]` of every objective's gradients.
 *
 * @param products - `[blocks, pairs, K, K]`
 */
function fromProducts({ model }: Runtime, of: GradientsOf, count: number, products: ArrayLike<number>) {
  const k = model.objectives.length;
  const blocks = gradientBlocks(model.layout, of);
  const ofTasks = new Float64Array(blocks.length * k * count * count);
  const gramians: Record<string, Float64Array> = {};
  let at = 0;
  for (const [block, { name }] of blocks.entries()) {
    const gramian = new Float64Array(k * k);
    gramians[name] = gramian;
    for (const [a, b] of pairsOf(count)) {
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++) {
          const product = products[at++] as number;
          gramian[i * k + j] = (gramian[i * k + j] as number) + product;
          if (a !== b) gramian[j * k + i] = (gramian[j * k + i] as number) + product;
          if (i !== j) continue;
          const own = (block * k + i) * count;
          ofTasks[(own + a) * count + b] = product;
          ofTasks[(own + b) * count + a] = product;
        }
      }
    }
  }
  return { gramians, ofTasks };
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

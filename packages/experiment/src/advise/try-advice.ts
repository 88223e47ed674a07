import type { TransferGain } from '@polytask/analysis';
import type { MetricsLine, RunDocument } from '../run/document.js';
import { gainOver } from './measure-run.js';

/** How a variant was trained, and what came of it. */
export interface Trained {
  readonly document: RunDocument;
  readonly lines: readonly MetricsLine[];
}

/** How long, and with how many seeds, something is trained. */
export interface Effort {
  readonly epochs: number;
  readonly seeds: number;
}

/** What became of a piece of advice that was tried. */
export interface Trial {
  readonly name: string;
  /** After so many epochs, the gain over the run file in percent, by the tasks' primary metrics on the validation rows. */
  readonly rungs: readonly { readonly epochs: number; readonly gain: number | null }[];
  readonly outcome: 'held' | 'did not hold' | 'cannot tell' | 'dropped' | 'not tried';
  /** Over seeds on the test rows; of those that came so far. */
  readonly gain?: TransferGain;
  readonly reason?: string;
}

/** Seeds of the last comparison: the fewest from which anything is said. */
const finalSeeds = 3;
/** How many come so far. */
const finalists = 2;

/**
 * Tries advice by successive halving (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
 * AISTATS 2016): all for a quarter of the epochs, the better half for half of them, and at most two to the end, over three
 * seeds beside the run file itself. Rungs go by the validation rows, the end by the test rows.
 *
 * @param names - Of the pieces of advice.
 * @param train - Trains one of them, or the run file (undefined); gives undefined where there is no time left, and throws where it cannot.
 */
export async function tryAdvice(
  names: readonly string[],
  epochs: number,
  train: (name: string | undefined, effort: Effort) => Promise<Trained | undefined>,
): Promise<Trial[]> {
  const trials = new Map<string, Trial>(names.map((name) => [name, { name, rungs: [], outcome: 'not tried' }]));
  const change = (name: string, changes: Partial<Trial>) =>
    trials.set(name, { ...(trials.get(name) as Trial), ...changes });
  /** Trains those that are left; those that cannot be are dropped with the reason. */
  const trainAll = async (left: readonly string[], effort: Effort) => {
    const base = await train(undefined, effort);
    const found: { name: string; trained: Trained }[] = [];
    for (const name of base === undefined ? [] : left) {
      try {
        const trained = await train(name, effort);
        if (trained === undefined) break;
        found.push({ name, trained });
      } catch (error) {
        change(name, { outcome: 'dropped', reason: (error as Error).message.split('\n')[0] ?? '' });
      }
    }
    return { base, found };
  };
  let left = [...names];
  for (const share of [1 / 4, 1 / 2]) {
    if (left.length <= finalists) break;
    const effort = { epochs: Math.max(1, Math.ceil(epochs * share)), seeds: 1 };
    const { base, found } = await trainAll(left, effort);
    if (base === undefined || found.length === 0) break;
    const scored = found.map(({ name, trained }) => ({ name, gain: validationGain(base, trained) }));
    for (const { name, gain } of scored)
      change(name, { rungs: [...(trials.get(name)?.rungs ?? []), { epochs: effort.epochs, gain }] });
    const order = scored.sort((a, b) => (b.gain ?? Number.NEGATIVE_INFINITY) - (a.gain ?? Number.NEGATIVE_INFINITY));
    const kept = Math.max(finalists, Math.ceil(order.length / 2));
    for (const { name } of order.slice(kept))
      change(name, { outcome: 'dropped', reason: 'others did better on the validation rows.' });
    left = order.slice(0, kept).map(({ name }) => name);
  }
  left = left.filter((name) => trials.get(name)?.outcome !== 'dropped');
  for (const name of left.slice(finalists))
    change(name, { outcome: 'dropped', reason: 'others did better on the validation rows.' });
  const { base, found } = await trainAll(left.slice(0, finalists), { epochs, seeds: finalSeeds });
  for (const { name, trained } of found) {
    if (base === undefined) break;
    const { mean } = gainOver(base.document, trained.document);
    const outcomes = { helps: 'held', hurts: 'did not hold', 'cannot tell': 'cannot tell' } as const;
    change(name, { outcome: outcomes[mean?.verdict ?? 'cannot tell'], ...(mean && { gain: mean }) });
  }
  return [...trials.values()];
}

/** Mean over the tasks of what a variant gains by its best epoch on the validation rows, in percent. */
function validationGain(base: Trained, variant: Trained): number | null {
  const gains = base.document.tasks.flatMap(({ name, primaryMetric, better }) => {
    const best = ({ lines }: Trained) => {
      const values = lines
        .map(({ tasks }) => tasks[name]?.[primaryMetric])
        .filter((value) => typeof value === 'number');
      return better[primaryMetric] === 'lower' ? Math.min(...values) : Math.max(...values);
    };
    const [ours, theirs] = [best(variant), best(base)];
    const gain = (100 * (ours - theirs)) / Math.abs(theirs);
    return Number.isFinite(gain) ? [better[primaryMetric] === 'lower' ? -gain : gain] : [];
  });
  return gains.length === 0 ? null : gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

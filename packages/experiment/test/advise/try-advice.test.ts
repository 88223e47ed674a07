import { describe, expect, it } from 'vitest';
import { type Effort, type Trained, tryAdvice } from '../../src/advise/try-advice.js';
import type { MetricsLine, RunDocument } from '../../src/run/document.js';

/** A run whose accuracy is as good as its name says, a little other with every seed. */
function trained(quality: number, { seeds }: Effort): Trained {
  const result = (seed: number) => ({ tasks: { a: { accuracy: quality + 0.001 * (seed % 3) * (quality + 1) } } });
  const document = {
    config: { seed: 0, repeat: seeds, compare: 'none' },
    tasks: [{ name: 'a', type: 'binary', primaryMetric: 'accuracy', better: { accuracy: 'higher' } }],
    joint: result(0),
    repeats: Array.from({ length: seeds - 1 }, (_, index) => ({ seed: index + 1, joint: result(index + 1) })),
  };
  const lines = [0.9, 1, 0.95].map((share, index) => ({ network: 'joint', epoch: index + 1, tasks: { a: { accuracy: share * quality } } })); // biome-ignore format: one line
  return { document: document as unknown as RunDocument, lines: lines as unknown as MetricsLine[] };
}

/** Advice that is worth what it is called. */
function trainer(qualities: { readonly [name: string]: number }, most = Number.POSITIVE_INFINITY) {
  const calls: string[] = [];
  const train = async (name: string | undefined, effort: Effort) => {
    if (calls.length >= most) return undefined;
    calls.push(`${name ?? 'base'} ${effort.epochs}×${effort.seeds}`);
    const quality = name === undefined ? 0.5 : (qualities[name] ?? Number.NaN);
    if (Number.isNaN(quality)) throw new Error('it does not fit.\nAt all.');
    return trained(quality, effort);
  };
  return { calls, train };
}

describe('tryAdvice', () => {
  it('halves those that are left, and compares the last over seeds', async () => {
    const qualities = { a: 0.4, b: 0.6, c: 0.3, d: 0.55, e: 0.45, f: 0.7 };
    const { calls, train } = trainer(qualities);
    const trials = await tryAdvice(Object.keys(qualities), 20, train);
    expect(calls).toEqual([
      ...['base', 'a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name} 5×1`),
      ...['base', 'f', 'b', 'd'].map((name) => `${name} 10×1`),
      ...['base', 'f', 'b'].map((name) => `${name} 20×3`),
    ]);
    const outcome = Object.fromEntries(trials.map((trial) => [trial.name, trial.outcome]));
    expect(outcome).toEqual({ a: 'dropped', b: 'held', c: 'dropped', d: 'dropped', e: 'dropped', f: 'held' });
    const [, b] = trials;
    expect(b?.rungs.map(({ epochs, gain }) => [epochs, gain?.toFixed(6)])).toEqual([
      [5, '20.000000'],
      [10, '20.000000'],
    ]);
    expect(b?.gain).toMatchObject({ seeds: 3, verdict: 'helps' });
  });

  it('goes to the end at once with few, and says what did not hold', async () => {
    const { calls, train } = trainer({ worse: 0.4, same: 0.5 });
    const trials = await tryAdvice(['worse', 'same'], 8, train);
    expect(calls).toEqual(['base 8×3', 'worse 8×3', 'same 8×3']);
    expect(trials.map(({ outcome }) => outcome)).toEqual(['did not hold', 'cannot tell']);
  });

  it('drops what cannot be trained, with the reason, and leaves untried what there is no time for', async () => {
    const { train } = trainer({ good: 0.6 });
    const [odd, good] = await tryAdvice(['odd', 'good'], 8, train);
    expect(odd).toEqual({ name: 'odd', rungs: [], outcome: 'dropped', reason: 'it does not fit.' });
    expect(good?.outcome).toBe('held');
    const short = trainer({ good: 0.6, other: 0.7 }, 2);
    expect((await tryAdvice(['good', 'other'], 8, short.train)).map(({ outcome }) => outcome)).toEqual([
      'held',
      'not tried',
    ]);
    expect((await tryAdvice(['good'], 8, trainer({}, 0).train)).map(({ outcome }) => outcome)).toEqual(['not tried']);
  });
});

import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.js';
import { type LabelFacts, labelsOf } from '../../src/parts/task-labels.js';

const one = { shape: [], dtype: 'float32' } as const;
const regression: LabelFacts = { type: 'regression', label: 'number', target: one, problem: 'regression' };
const vector: LabelFacts = { ...regression, label: 'vector', target: { ...one, shape: [2] } };
const own: LabelFacts = { ...regression, type: 'own' };

function labels(...tasks: readonly (readonly [Record<string, unknown>, LabelFacts])[]) {
  const mistakes: string[] = [];
  const given = tasks.map(([task]) => task) as unknown as Config['tasks'];
  const made = tasks.map(([, facts]) => facts);
  return { labels: labelsOf(given, made, (path, message) => mistakes.push(`${path.join('.')}: ${message}`)), mistakes };
}

describe('the labels of tasks', () => {
  it('may be kept less a number where every task that reads their column adds it again', () => {
    const shifted = { column: 'a', kind: 'number', shift: true };
    expect(labels([{ name: 'a' }, regression])).toEqual({ labels: [shifted], mistakes: [] });
    expect(labels([{ name: 'a' }, regression], [{ name: 'b', column: 'a' }, regression]).labels).toEqual([shifted]);
    const whole = { column: 'a', kind: 'number' };
    const both = [
      [{ name: 'a' }, regression],
      [{ name: 'b', column: 'a' }, own],
    ] as const;
    for (const tasks of [both, [...both].reverse()]) {
      expect(labels(...tasks)).toEqual({ labels: [whole], mistakes: [] });
    }
    const columns = ['a', 'c'];
    expect(labels([{ name: 'v', columns }, vector], [{ name: 'a' }, own]).labels).toEqual([
      { column: 'v', columns, kind: 'number' },
      whole,
    ]);
  });

  it('are read from a column in one way', () => {
    const classes: LabelFacts = {
      type: 'own',
      label: 'class',
      target: { shape: [], dtype: 'int32' },
      problem: 'classification',
    };
    expect(labels([{ name: 'a' }, regression], [{ name: 'b', column: 'a' }, classes]).mistakes).toEqual([
      expect.stringMatching(/^tasks\.1: another task reads column `a` otherwise/),
    ]);
  });
});

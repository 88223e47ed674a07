import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../src/advice/advice-for.js';
import { type MeasurementName, measurements, rules } from '../../src/advice/rules.js';

const names = Object.keys(measurements) as MeasurementName[];
const tasks = Object.fromEntries(names.map((name) => [name, [`a task of ${name}`]]));

describe('rules', () => {
  it.each(rules.map((rule) => [rule.name, rule] as const))(
    '%s speaks on one side of its bounds alone',
    (name, rule) => {
      const inside = (by: number) =>
        Object.fromEntries(
          rule.when.map(({ measurement, above, below }) => [
            measurement,
            above !== undefined ? above + by : (below as number) - by,
          ]),
        );
      const said = adviceFor({ values: inside(0.05), tasks }, [rule]);
      expect(said).toHaveLength(1);
      expect(said[0]?.sentence).not.toMatch(/[{}]|undefined/);
      // At each bound by itself it is silent, and so it is where a measurement is missing.
      for (const { measurement, above, below } of rule.when) {
        expect(adviceFor({ values: { ...inside(0.05), [measurement]: above ?? below }, tasks }, [rule])).toEqual([]);
        expect(adviceFor({ values: { ...inside(0.05), [measurement]: undefined }, tasks }, [rule])).toEqual([]);
      }
      expect(rule.when.every(({ above, below }) => (above === undefined) !== (below === undefined))).toBe(true);
      expect(name).toMatch(/^[a-z-]+$/);
    },
  );

  it('have names of their own, and say where they are from or that they are unproven', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    for (const { source, confidence } of rules) {
      if (source === 'unproven') expect(confidence).toBe('low');
      else if ('paper' in source) expect(source.paper).toMatch(/\d{4}, https:\/\//);
      if (typeof source === 'object' && source.bench !== undefined)
        expect(source.bench).toMatch(/^npm run bench -- [a-z]+/);
    }
  });

  it('speak of measurements that exist', () => {
    for (const { says, when } of rules) {
      const named = [...says.matchAll(/\{(\w+?)(?:Tasks|%)?\}/g)].map(([, name]) => name as MeasurementName);
      for (const name of [...named, ...when.map(({ measurement }) => measurement)]) expect(names).toContain(name);
    }
  });
});

describe('adviceFor', () => {
  it('puts the most certain first, with what led to it', () => {
    const found = adviceFor({
      values: { tasks: 3, hurt: 1, conflictRate: 0.556, unclear: 2, seedsNeeded: 12 },
      tasks: { hurt: ['gross'], conflictRate: ['imdb', 'gross'], unclear: ['imdb', 'genre'] },
    });
    expect(found.map(({ name }) => name)).toEqual([
      'more-seeds',
      'measure-pairs',
      'separate-experts',
      'take-conflicts-out',
    ]);
    expect(found[3]?.sentence).toMatch(
      /^The gradients of imdb and gross were against each other in 56 % of the looks\./,
    );
    expect(found[3]?.because).toEqual([
      { measurement: 'conflictRate', above: 0.5, value: 0.556 },
      { measurement: 'tasks', above: 1, value: 3 },
    ]);
  });

  it('never says of one run that there is hurt and that there is none', () => {
    const value = fc.option(fc.double({ min: 0, max: 200, noNaN: true }), { nil: undefined });
    const measured = fc.record(Object.fromEntries(names.map((name) => [name, value])));
    fc.assert(
      fc.property(measured, (values) => {
        const said = adviceFor({ values, tasks }).map(({ name }) => name);
        expect(said.includes('stay-together') && (values.hurt ?? 0) >= 1).toBe(false);
        expect(said.includes('take-conflicts-out') && said.includes('keep-the-sum')).toBe(false);
        expect(said.includes('weigh-by-uncertainty') && said.includes('keep-the-sum')).toBe(false);
      }),
    );
  });
});

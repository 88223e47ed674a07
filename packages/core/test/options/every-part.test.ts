// What core's parts say of themselves is complete, and enough to make them again.
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import * as core from '../../src/index.js';
import {
  cosineDecay,
  type Description,
  describedParts,
  mlp,
  type Option,
  type OptionTable,
  type PartDescription,
  rSquared,
  type Takes,
} from '../../src/index.js';
import * as node from '../../src/node/index.js';

const parts = describedParts(core);
const byName = new Map([...parts.values()].map((part) => [`${part.kind}/${part.name}`, part]));
const all = [...parts.values(), ...describedParts(node).values()];

/** Options for parts that need some, or have more to say than their defaults. */
const samples: Readonly<Record<string, Record<string, unknown>>> = {
  adam: { learningRate: 0.5, groups: { balancing: { learningRate: 0.1, decay: 0.2 } }, clipNorm: 2 },
  accuracy: { threshold: 0.25 },
  mlp: { units: [3, 2], activation: 'gelu' },
  tabular: { numeric: ['a'], units: [4] },
  fusion: { columns: { x: mlp([2]), y: { inputs: ['a', 'b'], encoder: mlp([1]) } }, combine: 'mean' },
  'layers-model': { model: () => tf.sequential() },
  classification: { name: 't', classes: ['a', 'b'], classWeights: [1, 2], inputs: ['x'] },
  binary: { name: 't', labels: ['no', 'yes'], positiveWeight: 'balanced' },
  'multi-label': { name: 't', columns: ['a', 'b'] },
  regression: { name: 't', columns: ['a', 'b'], loss: 'huber', metrics: [rSquared()] },
  'dense-classification': { name: 't', classes: 3, positions: [2, 2] },
  'cosine-decay': { steps: 4, floor: 0.1 },
  'step-decay': { every: 2, factor: 0.5 },
  'warm-up': { steps: 3, followedBy: cosineDecay(9) },
};
const sampleOf = ({ name }: PartDescription) => samples[name] ?? {};

/** Makes parts of `{ name, options }` again, as a run file would. */
function remake(takes: Takes, value: unknown): unknown {
  const each = (of: Takes) =>
    Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, remake(of, inner)]));
  if (takes.type === 'part') {
    const { name, options } = value as Description;
    const part = takes.kinds.map((kind) => byName.get(`${kind}/${name}`)).find((found) => found !== undefined);
    return part?.create(remakeAll(part.options, options));
  }
  if (takes.type === 'list') return (value as unknown[]).map((inner) => remake(takes.of, inner));
  if (takes.type === 'record') return each(takes.of);
  if (takes.type === 'mapping') return remakeAll(takes.options, value as object);
  if (takes.type !== 'either') return value;
  const isOption = typeof value === 'object' && value !== null && 'encoder' in value;
  const meant = takes.of.find(({ type }) => type === (isOption ? 'mapping' : 'part'));
  return meant === undefined ? value : remake(meant, value);
}

function remakeAll(table: OptionTable, options: object): Record<string, unknown> {
  const entries = Object.entries(options);
  return Object.fromEntries(entries.map(([name, value]) => [name, remake((table[name] as Option).takes, value)]));
}

/** What is comparable of a part: all but its functions. */
const plain = (part: unknown): unknown =>
  JSON.parse(JSON.stringify(part, (_, value) => (typeof value === 'function' ? undefined : value)));

it('every kind of part that core has is described', () => {
  const kinds = new Set(all.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual([
    'encoder',
    'learning-rate-schedule',
    'loss-weighting',
    'metric',
    'optimizer',
    'task',
  ]);
  expect(parts.size).toBe(byName.size);
});

describe.each(all.map((part): [string, PartDescription] => [part.name, part]))('%s', (name, part) => {
  const sayable = (takes: Takes) => takes.type !== 'code';

  it('is named as files name it', () => {
    expect(name).toMatch(part.kind === 'metric' ? /^[a-z][A-Za-z0-9]*$/ : /^[a-z]+(-[a-z]+)*$/);
  });

  it('has sentences', () => {
    for (const text of [part.summary, ...Object.values(part.options).map(({ says }) => says)]) {
      expect(text).toMatch(/^\S.+\.$/s);
    }
  });

  it('cites in full', () => {
    for (const { authors, title, venue, year, url, note } of part.cites) {
      expect([authors, title, venue].filter((text) => text.trim().length < 3)).toEqual([]);
      expect(year).toBeGreaterThan(1900);
      expect(url).toMatch(/^https:\/\/[^\s]+$/);
      if (note !== undefined) expect(note).toMatch(/\.$/);
    }
  });

  it('has defaults that it takes itself', () => {
    for (const { takes, presence, default: value } of Object.values(part.options)) {
      if (presence === 'default') expect(core.checkValue(takes, value)).toEqual([]);
    }
  });

  if (part.kind === 'learning-rate-schedule') {
    it('makes a function of steps', () => {
      const made = part.create(sampleOf(part)) as (step: number) => number;
      for (const step of [0, 1, 7]) expect(made(step)).toBeGreaterThanOrEqual(0);
    });
  } else if (name !== 'layers-model' || 'model' in part.options) {
    it('is made from its options, and again from those that it says', () => {
      const given = sampleOf(part);
      const made = part.create(given) as Description;
      expect(core.isPart(made, part.kind as never)).toBe(true);
      expect(part.kind === 'task' ? (made as core.AnyTask).type : made.name).toBe(name);
      expect(made.cites).toEqual(part.cites);
      const said = JSON.parse(JSON.stringify(made.options)) as object;
      expect(said).toEqual(made.options);
      const wanted = Object.entries(part.options).filter(
        ([option, { takes, presence }]) => sayable(takes) && (presence === 'default' || option in given),
      );
      expect(Object.keys(said).sort()).toEqual(wanted.map(([option]) => option).sort());
      const code = Object.entries(given).filter(([option]) => !sayable(part.options[option]?.takes as Takes));
      const again = part.create({ ...remakeAll(part.options, said), ...Object.fromEntries(code) });
      expect(plain(again)).toEqual(plain(made));
    });
  }
});

it('a cosine takes the steps of the run where it is given none', () => {
  const { create } = byName.get('learning-rate-schedule/cosine-decay') as PartDescription;
  const made = create({}, { totalSteps: 10 }) as (step: number) => number;
  expect([made(0), made(10)]).toEqual([1, 0]);
  expect(() => create({})).toThrow(/`steps` must be a number of steps, since that of the run is not known/);
});

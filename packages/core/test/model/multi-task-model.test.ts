import {
  type AnyTask,
  type AuxiliaryContext,
  type BalancingContext,
  classification,
  defineAuxiliary,
  defineLossWeighting,
  defineSharing,
  mlp,
  onesInitializer,
  regression,
  type SharingContext,
  sumOfLosses,
  zerosInitializer,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkParts } from '../../src/model/check-parts.js';
import type { ModelParts } from '../../src/model/model-parts.js';
import { buildModel } from '../../src/model/multi-task-model.js';
import { useBackend } from '../helpers/backends.js';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { noting } from '../training/fixtures.js';

beforeAll(() => useBackend('cpu'));
let before: number;
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

const tasks: readonly AnyTask[] = [classification('kind', { classes: 3 }), regression('level')];
const parts = (changed: Partial<ModelParts> = {}): ModelParts => ({
  tasks,
  inputs: { x: { shape: [4], dtype: 'float32' } },
  sharing: tinySharing(mlp([5])),
  auxiliary: [],
  balancing: sumOfLosses(),
  seed: 1,
  ...changed,
});
const auxiliary = (name: string, asTask = false, seen?: AuxiliaryContext[]) =>
  defineAuxiliary({
    name,
    asTask,
    bind(context) {
      seen?.push(context);
      context.scope.variable('own', [2], zerosInitializer);
      return { loss: () => tf.scalar(0) };
    },
  });

describe('a model', () => {
  it('has the variables of all parts, each in its place, and gives them back', () => {
    const balancing = defineLossWeighting({
      name: 'weighing',
      bind({ scope }: BalancingContext) {
        scope.variable('w', [2], onesInitializer);
        return { scalarize: (losses) => tf.sum(losses) as tf.Scalar };
      },
    });
    const model = buildModel(parts({ balancing, auxiliary: [auxiliary('penalty')] }));
    expect(model.layout.segments.map(({ path, group, usedBy }) => [path, group, usedBy.length])).toEqual([
      ['trunk/dense0/kernel', 'model', 2],
      ['trunk/dense0/bias', 'model', 2],
      ['heads/kind/outputs/logits/kernel', 'model', 1],
      ['heads/kind/outputs/logits/bias', 'model', 1],
      ['heads/level/outputs/value/kernel', 'model', 1],
      ['heads/level/outputs/value/bias', 'model', 1],
      ['auxiliary/penalty/own', 'model', 0],
      ['balancing/weighing/w', 'balancing', 0],
    ]);
    expect(tf.memory().numTensors).toBe(before + 8);
    model.dispose();
  });

  it('tells auxiliary objectives what they can look at', () => {
    const seen: AuxiliaryContext[] = [];
    const model = buildModel(parts({ auxiliary: [auxiliary('penalty', false, seen)] }));
    model.dispose();
    const [context] = seen as [AuxiliaryContext];
    expect(context.tasks.map(({ name }) => name)).toEqual(['kind', 'level']);
    expect(context).toMatchObject({ shared: [5], features: { kind: [5], level: [5] } });
    expect(context.inputs).toEqual({ x: { shape: [4], dtype: 'float32' } });
    expect(context.layout.segments).toHaveLength(6);
  });

  it('balances its tasks, then auxiliary objectives that ask for it; several of one name are numbered', () => {
    const seen: BalancingContext[] = [];
    const balancing = defineLossWeighting({
      ...sumOfLosses(),
      bind: (context) => noting(seen, context, { scalarize: (l: tf.Tensor1D) => tf.sum(l) as tf.Scalar }),
    });
    const model = buildModel(
      parts({ balancing, auxiliary: [auxiliary('a', true), auxiliary('b'), auxiliary('a', true), auxiliary('a')] }),
    );
    model.dispose();
    expect(model.objectives).toEqual(['kind', 'level', 'a', 'a-2']);
    expect(model.terms).toEqual(['b', 'a-3']);
    expect(seen[0]?.tasks).toEqual(model.objectives);
    expect(model.layout.segments.map(({ path }) => path).filter((path) => path.startsWith('auxiliary'))).toEqual([
      'auxiliary/a/own',
      'auxiliary/b/own',
      'auxiliary/a-2/own',
      'auxiliary/a-3/own',
    ]);
  });

  it('gives strategies random streams of their own', () => {
    const draws: number[][] = [];
    const balancing = defineLossWeighting({
      ...sumOfLosses(),
      bind({ uniform }) {
        draws.push([uniform(0)(), uniform(0)(), uniform(1)()]);
        return { scalarize: (l) => tf.sum(l) as tf.Scalar };
      },
    });
    for (const seed of [1, 1, 2]) buildModel(parts({ balancing, seed })).dispose();
    expect(draws[1]).toEqual(draws[0]);
    expect(draws[0]?.[1]).toBe(draws[0]?.[0]);
    expect(new Set([...(draws[0] ?? []), ...(draws[2] ?? [])]).size).toBe(4);
  });
});

describe('what does not fit is refused, and leaves no variable', () => {
  const broken = (outputs: (context: SharingContext) => Record<string, Record<string, tf.Tensor>>) =>
    defineSharing({
      name: 'broken',
      bind(context) {
        context.scope.variable('v', [2], onesInitializer);
        return { forward: () => ({ outputs: outputs(context), features: {}, intermediates: {} }) };
      },
    });
  const throws = (what: string) => {
    throw new Error(`${what} failed`);
  };

  it.each<[string, Partial<ModelParts>, RegExp]>([
    ['no task', { tasks: [] }, /at least one task/],
    ['what is no task', { tasks: [mlp([1]) as never] }, /`tasks` must be a task/],
    ['two tasks of one name', { tasks: [regression('a'), regression('a')] }, /`a` occurs twice/],
    ['an auxiliary objective named like a task', { auxiliary: [auxiliary('kind')] }, /`kind` occurs twice/],
    [
      'an input that is not there',
      { tasks: [regression('a', { inputs: ['y'] })] },
      /no input \(task `a` asks for it\) named `y`/,
    ],
    ['another sharing', { sharing: mlp([1]) as never }, /`sharing` must be a sharing/],
    ['another auxiliary', { auxiliary: [mlp([1]) as never] }, /`auxiliary` must be a auxiliary/],
    [
      'another balancing',
      { balancing: mlp([1]) as never },
      /`balancing` must be a loss-weighting or a gradient-balancing or a step-plan/,
    ],
    [
      'a missing output',
      { sharing: broken(() => ({ kind: { logits: tf.zeros([2, 3]) }, level: {} })) },
      /no output of task `level`.* named `value`/,
    ],
    [
      'an output of another width',
      { sharing: broken(() => ({ kind: { logits: tf.zeros([2, 4]) } })) },
      /output `logits` of task `kind` must have shape \[3\], but has shape \[4\]/,
    ],
    [
      'a sharing that fails',
      { sharing: defineSharing({ name: 's', bind: () => throws('sharing') }) },
      /sharing failed/,
    ],
    [
      'an auxiliary that fails',
      { auxiliary: [auxiliary('a'), defineAuxiliary({ name: 'b', bind: () => throws('auxiliary') })] },
      /auxiliary failed/,
    ],
    [
      'a balancing that fails',
      { auxiliary: [auxiliary('a')], balancing: defineLossWeighting({ name: 'w', bind: () => throws('balancing') }) },
      /balancing failed/,
    ],
  ])('%s', (_, changed, message) => {
    expect(() => buildModel(parts(changed))).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('most of it before there are inputs', () => {
    expect(() => checkParts(parts({ tasks: [regression('a', { inputs: ['y'] })] }))).not.toThrow();
    expect(() => checkParts(parts({ tasks: [regression('a'), regression('a')] }))).toThrow(/occurs twice/);
  });
});

// Every constraint is held to what an auxiliary objective must do.

import type { AuxiliaryObjective } from '@polytask/core';
import { binary, classification } from '@polytask/core';
import { type ConformanceOptions, conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, test } from 'vitest';
import { consistency } from '../../src/constraints/consistency.js';
import { cycle } from '../../src/constraints/cycle.js';
import { exclusion } from '../../src/constraints/exclusion.js';
import { implication } from '../../src/constraints/implication.js';
import { ordering } from '../../src/constraints/ordering.js';
import { pathIndependence } from '../../src/constraints/path-independence.js';
import { sumTo } from '../../src/constraints/sum-to.js';

beforeAll(() => tf.setBackend('cpu'));

const skip = { 'works with one task': 'it ties two' };
const yes = { task: (name: string) => binary(name) };
const classes = { task: (name: string) => classification(name, { classes: 3 }) };

function holds(
  make: (tasks: readonly [string, string, string]) => AuxiliaryObjective,
  options: ConformanceOptions = {},
) {
  const [first] = [make(['task1', 'task2', 'task3'])];
  describe(`${first.name} ${JSON.stringify(first.options)}`, () => {
    const claims = 'multipliers' in first.options ? [] : (['non-negative'] as const);
    for (const { name, run } of conformance('auxiliary', make as never, { skip, claims, ...options })) test(name, run);
  });
}

holds(
  ([from, to]) => consistency({ from, to, map: [1, 2, 0], loss: 'kl', ramp: 2, multipliers: { rate: 0.1 } }),
  classes,
);
holds(([a, b]) => implication({ if: a, implies: b, rows: 'unlabelled' }), yes);
holds(
  ([a, b]) =>
    exclusion({
      events: [
        { task: a, class: 0 },
        { task: b, class: 1 },
      ],
      multipliers: { tolerance: 0.1 },
    }),
  classes,
);
holds(([a, b]) => ordering({ tasks: [a, b], margin: 1, loss: 'huber', rows: 'labelled' }));
holds(([a, b, total = a]) => sumTo({ parts: [a, b], total, modulo: 3, asTask: true }), classes);
holds(([from, to]) => cycle({ from, to, back: { scale: 2 }, loss: 'absolute-error' }));
holds(([to, from]) => pathIndependence({ to, paths: [{ from, map: { offset: 1 } }] }));

import { convNet, mlp } from '@polytask/core';
import { type ConformanceOptions, conformance } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, test } from 'vitest';
import { branchedSharing } from '../src/branched-sharing.js';
import { hardSharing } from '../src/hard-sharing.js';

beforeAll(() => tf.setBackend('cpu'));

const encoder = mlp([6, 5, 3], { activation: 'tanh', batchNorm: true, dropout: 0.2 });

function holds(name: string, make: Parameters<typeof conformance<'sharing'>>[1], options: ConformanceOptions = {}) {
  describe(name, () => {
    for (const { name: check, run } of conformance('sharing', make, options)) test(check, run);
  });
}

const claims = ['order-of-tasks'] as const;
holds('a trunk and heads', () => hardSharing({ encoder, head: mlp([4]) }), { claims });
holds('images', () => hardSharing({ encoder: convNet({ filters: [2], dense: [4] }) }), {
  inputs: { x: { shape: [6, 6, 1], dtype: 'float32' } },
  claims,
});
holds('rotations', () => hardSharing({ encoder, head: mlp([4]), rotations: true }), { claims });
holds('rotations of images', () => hardSharing({ encoder: convNet({ filters: [3], dense: [] }), rotations: 2 }), {
  inputs: { x: { shape: [6, 6, 1], dtype: 'float32' } },
  claims,
});
holds('a data set per task', () => hardSharing({ encoder }), { perTaskData: true });

/** The first task goes its own way after one stage; the others part after two. */
const tree = ([first = '', ...others]: readonly string[]) =>
  others.length === 0
    ? { stages: 1, branches: [first] }
    : { stages: 1, branches: [first, { stages: 1, branches: [...others] }] };
holds('branches', (tasks) => branchedSharing({ encoder, tree: tree(tasks), head: { [tasks[0] as string]: mlp([4]) } }));

// Errors that an option mends say which, so that a run file is marked at its line.
import {
  binary,
  classification,
  convNet,
  fusion,
  layersModel,
  mlp,
  multiLabel,
  regression,
  tabular,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { buildEncoder } from '../../src/encoders/build-encoder.js';
import { float, newScope } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const labels = (...data: number[]) => ({
  targets: { data: Float32Array.from(data), shape: [data.length] },
  weights: new Float32Array(data.length).fill(1),
});
const ids = (...data: number[]) => ({
  ...labels(...data),
  targets: { data: Int32Array.from(data), shape: [data.length] },
});
const build = (encoder: ReturnType<typeof mlp>, inputs: Parameters<typeof buildEncoder>[2]) => () =>
  buildEncoder(encoder, newScope().scope, inputs);
const category = { shape: [], dtype: 'int32', categories: [3] } as const;
const model = () => tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
const random = () => tf.sequential({ layers: [tf.layers.dropout({ inputShape: [2], rate: 0.5 })] });

it.each<[string, string, () => unknown]>([
  ['column', 'POLYTASK_LABELS', () => binary('t').prepare?.(labels(Number.NaN))],
  ['positiveWeight', 'POLYTASK_LABELS', () => binary('t', { positiveWeight: 'balanced' }).prepare?.(labels(1, 1))],
  ['classes', 'POLYTASK_LABELS', () => classification('t', { classes: 2 }).prepare?.(ids(0, 2))],
  [
    'classWeights',
    'POLYTASK_LABELS',
    () => classification('t', { classes: 2, classWeights: 'balanced' }).prepare?.(ids(0, 0)),
  ],
  ['standardize', 'POLYTASK_LABELS', () => regression('t').prepare?.(labels(3, 3))],
  ['labels', 'POLYTASK_INVALID_OPTION', () => multiLabel('t', {} as never)],
  ['columns', 'POLYTASK_UNKNOWN_NAME', build(fusion({ z: mlp([1]) }), { x: float(2) })],
  ['columns', 'POLYTASK_ENCODER_INPUT', build(fusion({ x: mlp([1]) }), { x: float(2), y: float(2) })],
  [
    'columns',
    'POLYTASK_FUSION_SHAPES',
    build(fusion({ x: mlp([1]), y: mlp([2]) }, { combine: 'sum' }), { x: float(2), y: float(2) }),
  ],
  ['numeric', 'POLYTASK_UNKNOWN_NAME', build(tabular({ numeric: ['z'] }), { x: float(2) })],
  ['numeric', 'POLYTASK_ENCODER_INPUT', build(tabular({ numeric: ['x'], categorical: [] }), { x: category })],
  ['categorical', 'POLYTASK_ENCODER_INPUT', build(tabular({ numeric: [], categorical: ['x'] }), { x: float(2) })],
  ['filters', 'POLYTASK_IMAGE_TOO_SMALL', build(convNet(), { x: float(6, 6, 1) })],
  ['output', 'POLYTASK_UNKNOWN_NAME', build(layersModel(model, { output: 'z' }), { x: float(2) })],
  ['model', 'POLYTASK_RANDOM_LAYER', build(layersModel(random), { x: float(2) })],
])('`%s` of %s', (option, code, run) => {
  expect(run).toThrow(expect.objectContaining({ code, option }));
});

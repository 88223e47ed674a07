import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { requireRepeatable } from '../../src/encoders/repeatable-layers.js';
import { errorOf } from '../helpers/building.js';

beforeAll(() => tf.setBackend('cpu'));

const { layers } = tf;
const row = { inputShape: [4, 3] };
const dense = () => layers.dense({ ...row, units: 2 });

function check(...list: tf.layers.Layer[]): { code: string; message: string } {
  const model = tf.sequential({ layers: list });
  const error = errorOf(() => requireRepeatable(model));
  model.dispose();
  return error;
}

it('lets layers pass that are functions of their inputs', () => {
  expect(check(dense(), layers.batchNormalization(), layers.lstm({ units: 2 })).code).toBe('nothing thrown');
  expect(check(layers.bidirectional({ ...row, layer: layers.gru({ units: 2 }), mergeMode: 'concat' })).code).toBe(
    'nothing thrown',
  );
});

it('names every random layer', () => {
  const found = check(
    dense(),
    layers.dropout({ rate: 0.5, name: 'drop' }),
    layers.gaussianNoise({ stddev: 1, name: 'noise' }),
    layers.gaussianDropout({ rate: 0.5 }),
    layers.alphaDropout({ rate: 0.5 }),
    layers.spatialDropout1d({ rate: 0.5 }),
  );
  expect(found.code).toBe('POLYTASK_RANDOM_LAYER');
  expect(found.message).toContain('`drop` (Dropout), `noise` (GaussianNoise)');
  for (const kind of ['GaussianDropout', 'AlphaDropout', 'SpatialDropout1D'])
    expect(found.message).toContain(`(${kind})`);
  expect(found.message).toContain("core's dropout");
});

it('looks into cells, wrappers and models', () => {
  expect(check(layers.lstm({ ...row, units: 2, recurrentDropout: 0.5 })).message).toContain('recurrentDropout 0.5');
  expect(check(layers.gru({ ...row, units: 2, dropout: 0.25 })).message).toContain('dropout 0.25');
  expect(check(layers.timeDistributed({ ...row, layer: layers.dropout({ rate: 0.5 }) })).message).toContain(
    '(Dropout)',
  );
  const cells = [layers.lstmCell({ units: 2, dropout: 0.5 }), layers.lstmCell({ units: 2 })];
  expect(check(layers.rnn({ ...row, cell: layers.stackedRNNCells({ cells }) as never })).message).toContain(
    'dropout 0.5',
  );
  const both = layers.bidirectional({ ...row, layer: layers.gru({ units: 2, dropout: 0.5 }), mergeMode: 'concat' });
  expect(check(both).message).toContain('GRU');
  const inner = tf.sequential({ layers: [dense(), layers.dropout({ rate: 0.5, name: 'inner' })] });
  expect(check(inner as unknown as tf.layers.Layer).message).toContain('`inner`');
});

it('refuses layers that remember earlier batches', () => {
  expect(check(layers.lstm({ units: 2, stateful: true, batchInputShape: [2, 4, 3] })).message).toContain('stateful');
});

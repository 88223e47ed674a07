import type * as tf from '@tensorflow/tfjs';
import { PolytaskError } from '../errors/polytask-error.js';

const randomLayers = [
  'Dropout',
  'SpatialDropout1D',
  'GaussianNoise',
  'GaussianDropout',
  'AlphaDropout',
  'RandomHeight',
  'RandomWidth',
];

/** Where layers keep the layers, or cells, that they are made of. */
const parts = ['layers', 'layer', 'forwardLayer', 'backwardLayer', 'cell', 'cells'];

/**
 * Refuses models whose forward pass is no function of weights and inputs: layers that draw random numbers of their own, which
 * would freeze when compiled and differ when resumed, and recurrent layers that carry their state from batch to batch.
 *
 * @param model Layers within layers, wrappers and recurrent cells are looked through.
 * @throws `POLYTASK_RANDOM_LAYER`, naming the layers.
 */
export function requireRepeatable(model: tf.LayersModel): void {
  const found = new Set<string>();
  for (const layer of model.layers) collect(layer, found);
  if (found.size === 0) return;
  throw new PolytaskError(
    'POLYTASK_RANDOM_LAYER',
    `A model given to \`layersModel\` must be a function of its weights and inputs, but has ${[...found].join(', ')}. ` +
      "Take them out and use core's dropout, which draws from the run's seed: `mlp(units, { dropout })` as head, or an encoder " +
      'of your own with `buildDropout`.',
    { option: 'model' },
  );
}

function collect(layer: tf.layers.Layer, found: Set<string>): void {
  const fields = layer as unknown as Record<string, unknown>;
  const kind = layer.getClassName();
  const label = `\`${layer.name}\` (${kind}`;
  if (randomLayers.includes(kind)) found.add(`${label})`);
  for (const rate of ['dropout', 'recurrentDropout']) {
    const value = fields[rate];
    if (typeof value === 'number' && value > 0) found.add(`${label} with ${rate} ${value})`);
  }
  if (fields._stateful === true) found.add(`${label}, stateful)`);
  for (const part of parts) {
    const inner = fields[part];
    for (const child of Array.isArray(inner) ? inner : [inner]) {
      if (child !== null && typeof child === 'object' && 'getClassName' in child) collect(child, found);
    }
  }
}

import * as tf from '@tensorflow/tfjs';

/**
 * Class ids as float32 rows with a 1 in the place of the id.
 *
 * Shapes: `ids` [...] int32 → [..., classes].
 *
 * @remarks Made as int32 and cast: the wasm backend's kernel writes whole numbers whatever dtype it is asked for.
 */
export function oneHotFloats(ids: tf.Tensor, classes: number): tf.Tensor {
  return tf.cast(tf.oneHot(ids, classes), 'float32');
}

import * as tf from '@tensorflow/tfjs';
import type { TaskConstants } from '../contracts/task.js';

/** Logits over the task's temperature, which calibration after training has found; as they are where there is none. */
export function cooled(logits: tf.Tensor, { temperature }: TaskConstants): tf.Tensor {
  return typeof temperature === 'number' ? tf.div(logits, temperature) : logits;
}

import type * as tf from '@tensorflow/tfjs';
import type { NamedTensors } from './tensors.js';

/** What one forward pass gives. */
export interface ForwardState {
  /** Per task the outputs that the task declares, by name. */
  readonly outputs: { readonly [task: string]: NamedTensors };
  /** Per task what its head saw. */
  readonly features: { readonly [task: string]: tf.Tensor };
  /** The representation that all tasks share, where there is one. */
  readonly shared?: tf.Tensor | undefined;
  /** Anything else worth a name: gates, attention maps, columns' features. `trainer.inspect` gives them. */
  readonly intermediates: NamedTensors;
}

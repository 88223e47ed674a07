import * as tf from '@tensorflow/tfjs';

/** A backend as the engine sees it. */
export interface EngineBackend {
  incRef(dataId: object): void;
  disposeData(dataId: object, force?: boolean): boolean;
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
}

/** The parts of tfjs' engine that a trace needs and that have no public door. */
export interface Engine {
  backendName: string | null;
  backendInstance: unknown;
  readonly state: {
    readonly registeredVariables: { [name: string]: tf.Variable };
    readonly tensorInfo: WeakMap<object, { backend: EngineBackend }>;
  };
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend?: unknown): tf.Tensor;
  trackTensor(tensor: tf.Tensor, backend?: unknown): void;
  disposeTensor(tensor: tf.Tensor): void;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
}

/** tfjs' engine. */
export const engine = (): Engine => tf.engine() as unknown as Engine;

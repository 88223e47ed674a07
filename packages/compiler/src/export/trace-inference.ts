import type { HostTensor, Inference, Segment } from '@polytask/core';
import type * as tf from '@tensorflow/tfjs';
import type { Spec } from '../ir/value.js';
import { type Trace, trace } from '../trace/trace.js';

/** What a variable holds. */
export interface HeldVariable {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The prediction program of a model, recorded for one batch size. */
export interface TracedInference {
  readonly traced: Trace;
  /** Inputs of the graph that are inputs of the model: their names in the model. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Inputs of the graph that are variables: what they hold. */
  readonly variables: ReadonlyMap<string, HeldVariable>;
}

/** Records what a model computes to predict `batch` rows. */
export function traceInference({ program, inputs, layout, ...held }: Inference, batch: number): TracedInference {
  const paths = new Map<tf.Variable, string>();
  const values = new Map<tf.Variable, HeldVariable>();
  const hold = ({ path, variable, shape, offset, size }: Segment, { data }: HostTensor) => {
    paths.set(variable, `variable/${path}`);
    values.set(variable, { shape, data: data.slice(offset, offset + size) as Float32Array });
  };
  for (const segment of layout.segments) hold(segment, held.values);
  for (const segment of layout.stateSegments) hold(segment, held.state);
  const feeds: Record<string, Spec> = {};
  const names = new Map<string, string>();
  for (const [name, { shape, dtype }] of Object.entries(inputs)) {
    feeds[`input/${name}`] = { shape: [batch, ...shape], dtype };
    names.set(`input/${name}`, name);
  }
  const traced = trace({
    name: program.name,
    feeds,
    variables: paths,
    run: (given, uniform) => program.run(given, { uniform }),
  });
  const found = { inputs: new Map<string, string>(), variables: new Map<string, HeldVariable>() };
  for (const [value, role] of traced.inputs) {
    if (value.kind !== 'input') continue;
    if (role.kind === 'feed') found.inputs.set(value.name, names.get(role.feed) as string);
    else if (role.kind === 'variable') found.variables.set(value.name, values.get(role.variable) as HeldVariable);
  }
  return { traced, ...found };
}

import { joined, reshaped } from '../ir/concat.js';
import { reachable } from '../ir/graph.js';
import { operations } from '../ir/operations.js';
import { type NodeValue, sizeOf, type Value } from '../ir/value.js';

/*
 * The end of a training step works through vectors as long as all parameters together: an optimizer's moments and the parameters
 * themselves. ONNX Runtime does so operation by operation, Adam in ten passes over memory. Here that end is found, to be done in one.
 */

/** What an operation of a tail works on: one of the vectors or numbers from outside, a constant, or an earlier step. */
export type TailOperand =
  | { readonly array: number }
  | { readonly scalar: number }
  | { readonly constant: number }
  | { readonly step: number };

/** An operation of a tail. */
export interface TailStep {
  /** An operation that has an `instruction`. */
  readonly op: string;
  readonly operands: readonly TailOperand[];
  /** Whether it gives one number instead of a vector. */
  readonly isScalar: boolean;
}

/** Operations entry by entry on vectors of one size, on which nothing else of the program depends. */
export interface Tail {
  readonly size: number;
  /** Vectors that it reads: inputs, or what the rest of the program computes. */
  readonly arrays: readonly Value[];
  /** Numbers that it reads. */
  readonly scalars: readonly Value[];
  readonly steps: readonly TailStep[];
  /** The step that gives an output of the program. */
  readonly outputs: ReadonlyMap<string, number>;
}

/** Fewer operations are left to ONNX Runtime. */
const fewest = 2;

/** The tail of a program on vectors of `size` numbers; undefined where there is none that is worth while. */
export function findTail(outputs: ReadonlyMap<string, Value>, size: number): Tail | undefined {
  const values = reachable([...outputs.values()]);
  const results = new Set(outputs.values());
  const isVector = ({ shape }: Value) => shape.length === 1 && shape[0] === size;
  const usedElsewhere = new Set<Value>();
  const members = new Set<NodeValue>();
  for (const value of [...values].reverse()) {
    if (value.kind !== 'node') continue;
    const fits =
      operations.get(value.op)?.instruction !== undefined &&
      value.dtype === 'float32' &&
      (isVector(value) || (sizeOf(value.shape) === 1 && !results.has(value))) &&
      value.inputs.every(
        (input) =>
          input.dtype === 'float32' &&
          input.kind !== 'data' &&
          (isVector(input) || sizeOf(input.shape) === 1 || input.kind === 'uniform'),
      );
    const isMember = fits && !usedElsewhere.has(value);
    if (isMember) members.add(value);
    else for (const input of value.inputs) usedElsewhere.add(input);
  }
  if ([...members].filter(isVector).length < fewest) return undefined;
  return tailOf(
    values.filter((value): value is NodeValue => members.has(value as NodeValue)),
    outputs,
    size,
  );
}

function tailOf(members: readonly NodeValue[], outputs: ReadonlyMap<string, Value>, size: number): Tail {
  const arrays: Value[] = [];
  const scalars: Value[] = [];
  const place = (values: Value[], value: Value) => {
    const known = values.indexOf(value);
    return known >= 0 ? known : values.push(value) - 1;
  };
  const operand = (value: Value): TailOperand => {
    const step = members.indexOf(value as NodeValue);
    if (step >= 0) return { step };
    if (value.kind === 'uniform') return { constant: value.fill };
    return sizeOf(value.shape) === 1 ? { scalar: place(scalars, value) } : { array: place(arrays, value) };
  };
  const steps = members.map(({ op, inputs, shape }) => ({
    op,
    operands: inputs.map(operand),
    isScalar: shape.length === 0 || shape[0] !== size,
  }));
  const given = [...outputs].flatMap(([name, value]): [string, number][] => {
    const step = members.indexOf(value as NodeValue);
    return step < 0 ? [] : [[name, step]];
  });
  return { size, arrays, scalars, steps, outputs: new Map(given) };
}

/**
 * The values that a vector is made of, one behind the other, where all of them are computed: each can be written to its place at
 * once. Else the vector itself.
 */
export function partsOf(vector: Value): readonly Value[] {
  const parts = joined(vector)?.inputs.map(reshaped) ?? [];
  return parts.length > 0 && parts.every(({ kind }) => kind === 'node') && new Set(parts).size === parts.length
    ? parts
    : [vector];
}

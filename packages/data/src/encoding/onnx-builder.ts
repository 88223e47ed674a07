import type { OnnxNode, PrologueConstant } from '@polytask/core';

/** Collects operators and constants of an ONNX graph; tensors are known by their names. */
export interface OnnxBuilder {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly PrologueConstant[];
  /** An operator with one output, whose name it gives. Numbers are doubles of rank 0. */
  node(
    op: string,
    inputs: readonly (string | number)[],
    attributes?: NonNullable<OnnxNode['attributes']>,
    domain?: string,
  ): string;
  /** Floats of rank 1. */
  floats(values: readonly number[]): string;
  /** Doubles of rank 1. */
  doubles(values: readonly number[]): string;
  /** Whole numbers of rank 1. */
  integers(values: readonly number[]): string;
  /** `[rows]` of any type as `[rows, 1]`. */
  column(values: string): string;
  /** Anything as float32. */
  float(values: string): string;
  /** `[rows]` of numbers, or of true and false, as `[rows, 1]` float32. */
  floatColumn(values: string): string;
  /** bool `[rows]`: which of `[rows]` doubles lie between −limit and limit; NaN does not. */
  atMost(values: string, limit: number): string;
  /** bool `[rows]`: which of `[rows]` texts are whole matches of a regular expression in RE2's syntax. */
  matches(texts: string, pattern: string): string;
}

/** ONNX's numbers for types of elements. */
const float32 = 1;
export const int32 = 6;
export const bool = 9;
export const float64 = 11;

/**
 * Starts an empty graph.
 *
 * @param inputs - Names of its inputs; those that are made here are others.
 */
export function onnxBuilder(inputs: readonly string[]): OnnxBuilder {
  let prefix = '/';
  while (inputs.some((input) => input.startsWith(prefix))) prefix += '/';
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, PrologueConstant>();
  const constant = (key: string, make: (name: string) => PrologueConstant) => {
    const name = `${prefix}c${constants.size}`;
    const known = constants.get(key) ?? make(name);
    constants.set(key, known);
    return known.name;
  };
  const double = (value: number) =>
    constant(`double ${value}`, (name) => ({ name, type: 'float64', shape: [], data: Float64Array.of(value) }));
  const builder: OnnxBuilder = {
    nodes,
    get constants() {
      return [...constants.values()];
    },
    node(op, inputs, attributes, domain) {
      const output = `${prefix}t${nodes.length}`;
      nodes.push({
        op,
        inputs: inputs.map((input) => (typeof input === 'string' ? input : double(input))),
        outputs: [output],
        ...(attributes === undefined ? {} : { attributes }),
        ...(domain === undefined ? {} : { domain }),
      });
      return output;
    },
    floats: (values) =>
      constant(`floats ${values}`, (name) => ({
        name,
        type: 'float32',
        shape: [values.length],
        data: Float32Array.from(values),
      })),
    doubles: (values) =>
      constant(`doubles ${values}`, (name) => ({
        name,
        type: 'float64',
        shape: [values.length],
        data: Float64Array.from(values),
      })),
    integers: (values) =>
      constant(`integers ${values}`, (name) => ({
        name,
        type: 'int64',
        shape: [values.length],
        data: BigInt64Array.from(values, BigInt),
      })),
    column: (values) => builder.node('Unsqueeze', [values, builder.integers([1])]),
    float: (values) => builder.node('Cast', [values], { to: { int: float32 } }),
    floatColumn: (values) => builder.column(builder.float(values)),
    atMost: (values, limit) => builder.node('LessOrEqual', [builder.node('Abs', [values]), limit]),
    matches: (texts, pattern) => builder.node('RegexFullMatch', [texts], { pattern: { string: pattern } }),
  };
  return builder;
}

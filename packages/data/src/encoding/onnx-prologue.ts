import type { InputPrologue, PrologueInput } from '@polytask/core';
import type { FeatureKind, OnnxFeature } from './feature-kind.js';
import { kindOf } from './feature-kinds.js';
import type { LearnedFeature } from './features.js';
import { type OnnxBuilder, onnxBuilder } from './onnx-builder.js';
import { namesOfInputs, type TableEncoding } from './table-encoding.js';

/** A column that ONNX cannot encode. */
export interface EncodedColumn {
  readonly column: string;
  /** The input that takes its encoded numbers, `[rows, n]` float32. */
  readonly input: string;
  /** Why. */
  readonly reason: string;
}

/** What {@link onnxPrologue} gives. */
export interface OnnxPrologue extends InputPrologue {
  /** Columns whose numbers have to be fed as `encodeRows` gives them. */
  readonly encoded: readonly EncodedColumn[];
}

/**
 * What {@link encodeRows} does to features, as ONNX operators to stand before a model: give it to `exportOnnx` of
 * `@polytask/compiler`, and the file takes raw columns. There is an input per column, `[rows]`, called like the column:
 *
 * | feature          | input                                                           | no value     |
 * | ---------------- | --------------------------------------------------------------- | ------------ |
 * | number           | double                                                          | NaN, ±∞      |
 * | boolean          | double, 1 or 0                                                  | NaN          |
 * | date             | double, milliseconds since 1970 in UTC, as `Date.getTime` gives | NaN, ±∞      |
 * | category, text   | string; of numbers and booleans what JavaScript's `String` gives | the empty one |
 *
 * Numbers are computed as doubles and rounded to float32, as `encodeRows` does. Rows that it refuses (no value under
 * `missing: 'error'`, a boolean that is neither 1 nor 0) are predicted as NaN. The operators are those of ONNX 20 and of
 * `ai.onnx.ml` 3. What they cannot express stays an encoded input and is listed in `encoded`: texts with more than 2048 known
 * words, or with a Greek σ in one of them.
 *
 * @example
 * ```ts
 * import { learnTable, onnxPrologue } from '@polytask/data';
 *
 * const encoding = learnTable([{ x: 1, kind: 'a' }, { x: 3, kind: 'a' }], {
 *   features: [{ column: 'x', type: 'number' }, { column: 'kind', type: 'category' }],
 *   labels: [],
 * });
 * const { inputs, encoded } = onnxPrologue(encoding);
 * console.log(Object.values(inputs).map(({ column, dtype }) => `${column}: ${dtype}`)); // => [ 'x: float64', 'kind: string' ]
 * console.log(encoded); // => []
 * ```
 */
export function onnxPrologue(encoding: TableEncoding): OnnxPrologue {
  const { features } = encoding;
  const names = namesOfInputs(encoding);
  const inputs = new Map<string, PrologueInput>();
  const encoded: EncodedColumn[] = [];
  const graph = onnxBuilder(features.map(({ column }) => column));
  const made = features.map((feature): OnnxFeature => {
    const kind = kindOf(feature.type);
    const input = inputName(feature, inputs);
    const found = kind.onnx(feature, input, graph);
    if ('numbers' in found) {
      const { onnxInput: dtype } = kind;
      inputs.set(input, {
        dtype,
        shape: [],
        ...toldOf(feature),
        noValue: dtype === 'string' ? '' : 'NaN',
        ...unitOf(feature),
      });
      return found;
    }
    encoded.push({ column: feature.column, input, reason: found.reason });
    inputs.set(input, { dtype: 'float32', shape: [numbersOf(feature, kind)], encoded: true, ...toldOf(feature) });
    return { numbers: [input], ids: [], refused: [] };
  });
  const joined = (parts: readonly string[]) => graph.node('Concat', parts, { axis: { int: 1 } });
  const numbers = made.flatMap((feature) => feature.numbers);
  const ids = made.flatMap((feature) => feature.ids);
  const refused = anyOf(
    made.flatMap((feature) => feature.refused),
    graph,
  );
  const outputs = {
    ...(numbers.length === 0 ? {} : { [names.numbers]: joined(numbers) }),
    ...(ids.length === 0 ? {} : { [names.categories]: joined(ids) }),
  };
  return {
    inputs: Object.fromEntries(inputs),
    constants: graph.constants,
    nodes: graph.nodes,
    outputs,
    ...(refused === undefined ? {} : { refused }),
    encoded,
  };
}

/** The column, if it has a name and is not taken for two things. */
function inputName({ column, type }: LearnedFeature, taken: ReadonlyMap<string, unknown>): string {
  let name = column === '' ? type : column;
  while (taken.has(name)) name += `/${type}`;
  return name;
}

/** What those who feed a model have to know of a feature; it takes dates as milliseconds, whatever the table had. */
function toldOf(feature: LearnedFeature): Record<string, unknown> {
  const {
    complete: _,
    shares: __,
    split: ___,
    numbers: ____,
    knots: _____,
    ...told
  } = feature as LearnedFeature & Record<string, unknown>;
  return told;
}

function numbersOf(feature: LearnedFeature, kind: Pick<FeatureKind<never, LearnedFeature>, 'size'>): number {
  return kind.size(feature).numbers;
}

function unitOf({ type }: LearnedFeature): { unit?: string } {
  return type === 'date' ? { unit: 'milliseconds since 1970-01-01T00:00:00Z' } : {};
}

/** Whether one of several is true, `[rows]`. */
function anyOf(masks: readonly string[], graph: OnnxBuilder): string | undefined {
  const [first, ...others] = masks;
  if (first === undefined) return undefined;
  return others.reduce((any, mask) => graph.node('Or', [any, mask]), first);
}

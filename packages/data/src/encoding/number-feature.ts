import type { FeatureKind, FeatureLearner, OnnxFeature, Value } from './feature-kind.js';
import type { BooleanFeature, LearnedNumber, NumberFeature } from './features.js';
import { constantOf, noValues, treatment } from './missing.js';
import { moments } from './moments.js';
import type { OnnxBuilder } from './onnx-builder.js';
import { readBoolean, readNumber } from './raw-values.js';

/** The largest float32; what is beyond stays finite. */
const largest = 3.4028234663852886e38;

/** Numbers: $(x - \mu) / \sigma$ over the training rows, or as they are. A column that never changes becomes 0. */
export const numberFeature: FeatureKind<NumberFeature, LearnedNumber> = {
  read: readNumber,
  takesNumbers: () => true,
  learner(column, { missing, scale = 'standardize' }) {
    const constant = constantOf(column, missing, readNumber);
    return learner(column, (mean, deviation, lacking) => ({
      type: 'number',
      column,
      missing: treatment(missing, 'indicator', lacking),
      fill: constant ?? mean,
      center: scale === 'standardize' ? mean : 0,
      scale: scale === 'standardize' && deviation > 0 ? deviation : 1,
      ...(lacking ? {} : { complete: true }),
    }));
  },
  size,
  encoder,
  onnxInput: 'float64',
  onnx,
};

/** True and false as 1 and 0. */
export const booleanFeature: FeatureKind<BooleanFeature, LearnedNumber> = {
  read: readBoolean,
  takesNumbers: () => false,
  learner(column, { missing }) {
    const constant = constantOf(column, missing, readBoolean);
    return learner(column, (mean, _, lacking) => ({
      type: 'boolean',
      column,
      missing: treatment(missing, 'indicator', lacking),
      fill: constant ?? mean,
      center: 0,
      scale: 1,
      ...(lacking ? {} : { complete: true }),
    }));
  },
  size,
  encoder,
  onnxInput: 'float64',
  onnx(learned, values, graph) {
    const { refused, ...encoded } = onnx(learned, values, graph);
    const isOne = graph.node('Equal', [values, 1]);
    const isZero = graph.node('Equal', [values, 0]);
    const read = graph.node('Or', [graph.node('Or', [isOne, isZero]), graph.node('IsNaN', [values])]);
    return { ...encoded, refused: [...refused, graph.node('Not', [read])] };
  },
};

function learner(
  column: string,
  finish: (mean: number, deviation: number, lacking: boolean) => LearnedNumber,
): FeatureLearner<LearnedNumber> {
  const seen = moments();
  let lacking = false;
  return {
    add(value) {
      if (Number.isFinite(value)) seen.add(value as number);
      else lacking = true;
    },
    learned() {
      if (seen.count() === 0) throw noValues(column);
      return finish(seen.mean(), seen.deviation(), lacking);
    },
  };
}

function size({ missing }: LearnedNumber) {
  return { numbers: missing === 'indicator' ? 2 : 1, categories: [] };
}

function encoder({ missing, fill, center, scale }: LearnedNumber): ReturnType<(typeof numberFeature)['encoder']> {
  const indicator = missing === 'indicator';
  return (value: Value, { numbers }, at) => {
    const there = Number.isFinite(value);
    const encoded = ((there ? (value as number) : fill) - center) / scale;
    numbers[at] = Math.max(-largest, Math.min(largest, encoded));
    if (indicator) numbers[at + 1] = there ? 0 : 1;
  };
}

function onnx({ missing, fill, center, scale }: LearnedNumber, values: string, graph: OnnxBuilder): OnnxFeature {
  const there = graph.atMost(values, Number.MAX_VALUE);
  const filled = graph.node('Where', [there, values, fill]);
  const scaled = graph.node('Div', [graph.node('Sub', [filled, center]), scale]);
  const bounded = graph.node('Max', [graph.node('Min', [scaled, largest]), -largest]);
  const number = graph.floatColumn(bounded);
  const lacking = () => graph.node('Not', [there]);
  return {
    numbers: missing === 'indicator' ? [number, graph.floatColumn(lacking())] : [number],
    ids: [],
    refused: missing === 'error' ? [lacking()] : [],
  };
}

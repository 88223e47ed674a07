import type { FeatureKind, FeatureLearner, OnnxFeature, Value } from './feature-kind.js';
import type { BooleanFeature, LearnedNumber, NumberFeature } from './features.js';
import { quantileKnots, writePieces } from './knots.js';
import { constantOf, noValues, treatment } from './missing.js';
import { moments } from './moments.js';
import type { OnnxBuilder } from './onnx-builder.js';
import { readBoolean, readNumber } from './raw-values.js';

/** The largest float32; what is beyond stays finite. */
const largest = 3.4028234663852886e38;

/**
 * Numbers: $(x - \mu) / \sigma$ over the training rows, or as they are; a column that never changes becomes 0. Where it is cut
 * into pieces, how much of each piece between two knots lies below the number stands beside it:
 *
 * $$e_t = \min\Big(1, \max\Big(0, \frac{x - k_{t-1}}{k_t - k_{t-1}}\Big)\Big)$$
 *
 * where the knots are quantiles of the training rows. In the paper the first and the last piece have no end; here the number beside them
 * says what is beyond.
 *
 * @see Y. Gorishniy, I. Rubachev and A. Babenko, "On embeddings for numerical features in tabular deep learning", NeurIPS 2022,
 * https://arxiv.org/abs/2203.05556
 */
export const numberFeature: FeatureKind<NumberFeature, LearnedNumber> = {
  read: readNumber,
  takesNumbers: () => true,
  learner(column, { missing, scale = 'standardize', pieces }, share = 0) {
    const constant = constantOf(column, missing, readNumber);
    const most = pieces ?? (scale === 'none' ? 0 : share);
    const quantiles = most > 1 ? quantileKnots() : undefined;
    const { add, learned } = learner(column, (mean, deviation, lacking) => {
      const knots = quantiles?.found(most, pieces !== undefined);
      return {
        type: 'number',
        column,
        missing: treatment(missing, 'indicator', lacking),
        fill: constant ?? mean,
        center: scale === 'standardize' ? mean : 0,
        scale: scale === 'standardize' && deviation > 0 ? deviation : 1,
        ...(knots === undefined ? {} : { knots }),
        ...(lacking ? {} : { complete: true }),
      };
    });
    return {
      learned,
      add(value) {
        add(value);
        if (Number.isFinite(value)) quantiles?.add(value as number);
      },
    };
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

function size({ missing, knots = [0] }: LearnedNumber) {
  return { numbers: (missing === 'indicator' ? 2 : 1) + knots.length - 1, categories: [] };
}

function encoder({
  missing,
  fill,
  center,
  scale,
  knots,
}: LearnedNumber): ReturnType<(typeof numberFeature)['encoder']> {
  const indicator = missing === 'indicator';
  return (value: Value, { numbers }, at) => {
    const there = Number.isFinite(value);
    const known = there ? (value as number) : fill;
    numbers[at] = Math.max(-largest, Math.min(largest, (known - center) / scale));
    if (indicator) numbers[at + 1] = there ? 0 : 1;
    if (knots !== undefined) writePieces(knots, known, numbers, at + (indicator ? 2 : 1));
  };
}

function onnx({ missing, fill, center, scale, knots }: LearnedNumber, values: string, graph: OnnxBuilder): OnnxFeature {
  const there = graph.atMost(values, Number.MAX_VALUE);
  const filled = graph.node('Where', [there, values, fill]);
  const scaled = graph.node('Div', [graph.node('Sub', [filled, center]), scale]);
  const bounded = graph.node('Max', [graph.node('Min', [scaled, largest]), -largest]);
  const number = graph.floatColumn(bounded);
  const lacking = () => graph.node('Not', [there]);
  return {
    numbers: [
      ...(missing === 'indicator' ? [number, graph.floatColumn(lacking())] : [number]),
      ...(knots === undefined ? [] : [piecesInOnnx(knots, filled, graph)]),
    ],
    ids: [],
    refused: missing === 'error' ? [lacking()] : [],
  };
}

/** The same as {@link writePieces}, of all pieces at once. */
function piecesInOnnx(knots: readonly number[], values: string, graph: OnnxBuilder): string {
  const from = knots.slice(0, -1);
  const widths = from.map((knot, piece) => (knots[piece + 1] as number) - knot);
  const above = graph.node('Sub', [graph.column(values), graph.doubles(from)]);
  const shares = graph.node('Div', [above, graph.doubles(widths)]);
  return graph.float(graph.node('Max', [graph.node('Min', [shares, 1]), 0]));
}

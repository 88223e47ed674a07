import { kindOf } from './feature-kinds.js';
import type { LearnedFeature } from './features.js';
import { labelEncoder } from './labels.js';
import type { ReadBlock, ReportValue } from './read-block.js';
import { layoutOf, type TableEncoding } from './table-encoding.js';
import { type Unfamiliar, unfamiliarCounter } from './unfamiliar.js';

/** Encoded rows. */
export interface EncodedBlock {
  /** `[size × width]` */
  readonly numbers: Float32Array;
  /** `[size × categories]` */
  readonly ids: Int32Array;
  /** By label column: NaN or −1 where there is none; `[size × labels]` for a set. */
  readonly labels: readonly (Float32Array | Int32Array)[];
  /** What training rows never had. */
  readonly unfamiliar: readonly Unfamiliar[];
}

/** Whether a row's category is to be taken for unknown. */
export type ForgetCategory = (row: number, feature: number) => boolean;

/**
 * A function that encodes blocks of rows with what was learned.
 *
 * @param encoding - Of the same columns, in the same order, as the blocks.
 * @returns `forget` is asked for every value of an embedded category that training rows always knew, so that some of them teach what an
 * unknown one is.
 */
export function blockEncoder(
  encoding: TableEncoding,
): (block: ReadBlock, report: ReportValue, forget?: ForgetCategory) => EncodedBlock {
  const { width, categories, places } = layoutOf(encoding);
  const encoders = encoding.features.map((feature) => kindOf(feature.type).encoder(feature));
  const targets = encoding.labels.map(labelEncoder);
  const count = unfamiliarCounter(encoding.features);
  return (block, report, forget) => {
    const { size } = block;
    const row = { numbers: new Float32Array(size * width), ids: new Int32Array(size * categories.length) };
    encoders.forEach((encode, f) => {
      const values = block.features[f] ?? [];
      const { at, idAt } = places[f] as { at: number; idAt: number };
      for (let r = 0; r < values.length; r++) {
        encode(values[r] ?? null, row, r * width + at, r * categories.length + idAt);
      }
      if (forget === undefined || !isOnlyKnown(encoding.features[f])) return;
      for (let r = 0; r < values.length; r++) if (forget(r, f)) row.ids[r * categories.length + idAt] = 0;
    });
    const labels = targets.map(({ make, encode }, l) => {
      const { column } = encoding.labels[l] as TableEncoding['labels'][number];
      const values = block.labels[l] ?? [];
      const encoded = make(values.length);
      for (let r = 0; r < values.length; r++) {
        const wrong = encode(values[r] ?? null, encoded, r);
        if (wrong !== undefined) report(r, column, wrong.reason);
      }
      return encoded;
    });
    return { ...row, labels, unfamiliar: count(block.features) };
  };
}

/** Whether every training row has a category of which a vector is learned, so that none is learned for the others. */
function isOnlyKnown(feature: LearnedFeature | undefined): boolean {
  return feature?.type === 'category' && feature.encoding === 'embedding' && feature.shares !== undefined;
}

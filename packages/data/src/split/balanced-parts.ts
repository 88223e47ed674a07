import { permutation, uniformStream } from '@polytask/core';
import { strataOf } from './strata.js';

/**
 * Divides rows so that every part has its share of every value of several columns, as nearly as whole rows allow, by iterative
 * stratification (K. Sechidis, G. Tsoumakas and I. Vlahavas: On the stratification of multi-label data, ECML PKDD 2011): of the value that
 * the fewest rows are left of, each goes to the part that wants most of that value, and among those that want as much, to the one that
 * wants most rows.
 *
 * @param shares - Of every part, 1 together.
 * @param columns - The values of each column, one per row; a missing value is one too.
 */
export function balancedParts(
  shares: readonly number[],
  rows: number,
  columns: ArrayLike<ArrayLike<unknown>>,
  seed: number,
): Uint8Array {
  const assigned = new Uint8Array(rows);
  const order = permutation(rows, uniformStream(seed, 'split', 'stratify'));
  const place = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) place[order[i] as number] = i;
  const strata: { readonly rows: readonly number[]; readonly wanted: number[]; left: number }[] = [];
  const ofRow = Array.from(columns, (values) => {
    const stratumOf = new Uint32Array(rows);
    for (const [, having] of strataOf(rows, values)) {
      for (const row of having) stratumOf[row] = strata.length;
      const inOrder = [...having].sort((a, b) => (place[a] as number) - (place[b] as number));
      strata.push({ rows: inOrder, wanted: shares.map((share) => share * having.length), left: having.length });
    }
    return stratumOf;
  });
  const wantedRows = shares.map((share) => share * rows);
  const done = new Uint8Array(rows);
  for (let left = rows; left > 0; ) {
    const open = strata.filter((stratum) => stratum.left > 0);
    const rarest = open.reduce((least, stratum) => (stratum.left < least.left ? stratum : least));
    for (const row of rarest.rows) {
      if (done[row] === 1) continue;
      const part = mostWanted(rarest.wanted, wantedRows);
      done[row] = 1;
      assigned[row] = part;
      left -= 1;
      (wantedRows[part] as number) -= 1;
      for (const stratumOf of ofRow) {
        const stratum = strata[stratumOf[row] as number] as (typeof strata)[number];
        (stratum.wanted[part] as number) -= 1;
        stratum.left -= 1;
      }
    }
  }
  return assigned;
}

/** The part that wants most, the rest of a rounding aside. */
function mostWanted(wanted: readonly number[], wantedRows: readonly number[]): number {
  let best = 0;
  for (let part = 1; part < wanted.length; part++) {
    const more = (wanted[part] as number) - (wanted[best] as number);
    const moreRows = (wantedRows[part] as number) - (wantedRows[best] as number);
    if (more > 1e-9 || (more > -1e-9 && moreRows > 1e-9)) best = part;
  }
  return best;
}

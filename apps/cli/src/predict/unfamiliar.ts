import type { Unfamiliar } from '@polytask/data';

/** What rows have that training rows never had, a line per column and matter. */
export function describeUnfamiliar(unfamiliar: readonly Unfamiliar[], rows: number): string[] {
  const of = (count: number) => `${count} of ${rows} ${rows === 1 ? 'row' : 'rows'} ${count === 1 ? 'has' : 'have'}`;
  return unfamiliar.flatMap(({ column, unknown, missing }) => [
    ...(unknown > 0 ? [`Note: column \`${column}\`: ${of(unknown)} a category that training never saw.`] : []),
    ...(missing > 0 ? [`Note: column \`${column}\`: ${of(missing)} no value; in training every row had one.`] : []),
  ]);
}

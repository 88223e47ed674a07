import type { ShuffledColumn } from '@polytask/analysis';
import type { InputSpecs } from '@polytask/core';
import { layoutOf, namesOfInputs } from '@polytask/data';
import type { DataFacts } from '../parts/loaded-data.js';

/** A pass over the rows for each of more numbers than this, such as pixels, takes long and says little. */
const mostEntries = 64;

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

/**
 * What there is to be shuffled: the columns of a table with their places in the inputs; of other data every number of an input, or
 * the input as a whole where it has many.
 */
export function inputColumns(inputs: InputSpecs, facts: DataFacts | undefined): ShuffledColumn[] {
  if (facts !== undefined && facts.encoding.features.length > 0) return tableColumns(facts.encoding);
  return Object.entries(inputs).flatMap(([input, { shape }]) => {
    const places = range(
      0,
      shape.reduce((size, n) => size * n, 1),
    );
    if (shape.length !== 1 || places.length > mostEntries) return [{ name: input, entries: { [input]: places } }];
    return places.map((place) => ({ name: `${input}[${place}]`, entries: { [input]: [place] } }));
  });
}

function tableColumns(encoding: DataFacts['encoding']): ShuffledColumn[] {
  const { width, categories, places } = layoutOf(encoding);
  const { numbers, categories: ids } = namesOfInputs(encoding);
  return encoding.features.map(({ column }, n) => {
    const [here, next] = [places[n], places[n + 1]] as [(typeof places)[number], (typeof places)[number] | undefined];
    const [own, ownIds] = [range(here.at, next?.at ?? width), range(here.idAt, next?.idAt ?? categories.length)];
    const entries = { ...(own.length > 0 && { [numbers]: own }), ...(ownIds.length > 0 && { [ids]: ownIds }) };
    return { name: column, entries };
  });
}

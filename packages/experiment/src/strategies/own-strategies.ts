import { type OptionTable, type PartDescription, wordsOf } from '@polytask/core';
import type { PartSlot } from '../parts/part-table.js';
import { defaultWords } from '../parts/schema-of.js';
import { partTables } from '../parts/tables.js';
import type { Strategy, StrategyOption } from './strategy.js';

/** Everything with a short name. */
export function ownStrategies(): Strategy[] {
  return partTables.flatMap((table) => [...table.parts].map(([name, part]) => describeStrategy(name, part, table)));
}

/** A part as people read of it. */
export function describeStrategy(name: string, part: PartDescription, { role, place, key }: PartSlot): Strategy {
  const options = Object.entries(part.options).filter(([option]) => option !== key);
  return { name, role, key: place, summary: part.summary, options: options.map(describeOption) };
}

function describeOption([name, option]: [string, OptionTable[string]]): StrategyOption {
  const { takes, says, presence, source } = option;
  const words = defaultWords(option);
  return {
    name,
    type: wordsOf(takes),
    required: presence === 'required',
    ...(words === undefined ? {} : { default: words }),
    ...(source === undefined ? {} : { source }),
    description: says,
  };
}

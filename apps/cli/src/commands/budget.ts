import { InputError } from '@polytask/experiment/early';

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, min: 60, h: 3600 };

/** Timers hold for 24 days at most, and nobody waits for so long. */
const longest = 7 * 24 * 3600;

/**
 * The seconds of `--budget`, as it is written: `90`, `90s`, `10m`, `1.5h`.
 *
 * @throws InputError for anything else.
 */
export function parseBudget(budget: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(budget) ?? [];
  const factor = Object.hasOwn(units, unit) ? (units[unit] as number) : Number.NaN;
  const seconds = amount === '' ? Number.NaN : Number(amount) * factor;
  if (seconds > 0 && seconds <= longest) return seconds;
  const message = 'expected a time above 0 and of at most 168h, such as 90s, 10m or 1.5h';
  throw new InputError([{ where: `--budget ${budget}`, message }]);
}

import { type Description, isPart, specVersions } from '../../contracts/description.js';
import type { Check } from './check.js';
import { differenceOf, requireThat } from './require-that.js';
import type { Subject } from './trial.js';

/** What a part says of itself. */
export function descriptionCheck({ kind, make }: Subject): Check {
  return {
    name: 'describes itself in frozen, plain data',
    async run() {
      const part = make(['task1', 'task2', 'task3']) as Description;
      const { name, options, cites } = part;
      requireThat(isPart(part, kind), () => `A ${kind} must be made by its \`define...\` helper, but this is none.`);
      requireThat(
        part.specVersion === specVersions[kind],
        () => `The part must be of version ${specVersions[kind]} of its contract, but is of ${part.specVersion}.`,
      );
      requireThat(Object.isFrozen(part), () => `\`${name}\` must be frozen: one description serves many runs.`);
      requireThat(
        /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name),
        () => `A strategy's name must be in kebab-case, such as \`soft-maximum\`, but is \`${name}\`.`,
      );
      const odd = oddValue(options, 'options');
      requireThat(
        odd === undefined,
        () => `Options of \`${name}\` must be plain data, but ${odd}. See \`describeOptions\`.`,
      );
      const difference = differenceOf(JSON.parse(JSON.stringify(options)), withoutUndefined(options), 'options');
      requireThat(difference === undefined, () => `Options of \`${name}\` must survive JSON, but then ${difference}.`);
      for (const { authors, title, venue, year, url } of cites) {
        const complete = [authors, title, venue, url].every((one) => typeof one === 'string' && one !== '');
        requireThat(
          complete && Number.isInteger(year),
          () => `A citation of \`${name}\` must have authors, title, venue, year and url, but \`${title}\` lacks some.`,
        );
      }
    },
  };
}

/** What is no plain data, in words. */
function oddValue(value: unknown, place: string): string | undefined {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean')
    return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `\`${place}\` is ${value}`;
  if (typeof value !== 'object') return `\`${place}\` is a ${typeof value}`;
  const prototype = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `\`${place}\` is a ${prototype.constructor?.name ?? 'class instance'}`;
  }
  for (const [key, one] of Object.entries(value)) {
    const odd = oddValue(one, `${place}.${key}`);
    if (odd !== undefined) return odd;
  }
  return undefined;
}

/** Options that were not given need not be left out. */
function withoutUndefined(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  const given = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(given.map(([key, one]) => [key, withoutUndefined(one)]));
}

import { nearestWord } from '../errors/nearest-word.js';
import { PolytaskError } from '../errors/polytask-error.js';

/** What a part says is not what its kind has to say; code `POLYTASK_BROKEN_PART`. */
export function requireOfPart(valid: boolean, kind: string, name: unknown, problem: () => string): void {
  if (valid) return;
  throw new PolytaskError(
    'POLYTASK_BROKEN_PART',
    `${capital(kind)} \`${String(name)}\` is not made as it must be: ${problem()}`,
  );
}

/** Refuses an option of a description that is there and none of these. */
export function requireChoice<Part extends { readonly name: string }>(
  kind: string,
  part: Part,
  option: keyof Part & string,
  known: readonly string[],
): void {
  const found = part[option] as unknown;
  requireOfPart(found === undefined || known.includes(found as string), kind, part.name, () => {
    const nearest = typeof found === 'string' ? nearestWord(found, known) : undefined;
    const hint = nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`;
    return `\`${option}\` must be one of ${known.map((one) => `\`${one}\``).join(', ')}, but is \`${String(found)}\`.${hint}`;
  });
}

/** Refuses a number of a description that is there and not a whole number from 1. */
export function requireCount<Part extends { readonly name: string }>(
  kind: string,
  part: Part,
  option: keyof Part & string,
): void {
  const found = part[option] as unknown;
  const valid = found === undefined || (Number.isInteger(found) && (found as number) >= 1);
  requireOfPart(
    valid,
    kind,
    part.name,
    () => `\`${option}\` must be a whole number from 1, but is \`${String(found)}\`.`,
  );
}

/** Refuses a description without a function that its kind needs. */
export function requireFunction<Part extends { readonly name: string }>(
  kind: string,
  part: Part,
  ...members: readonly (keyof Part & string)[]
): void {
  for (const member of members) {
    const found = typeof part[member];
    requireOfPart(found === 'function', kind, part.name, () => `\`${member}\` must be a function, but is ${found}.`);
  }
}

function capital(kind: string): string {
  const words = kind.replaceAll('-', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

import { InputError } from '@polytask/experiment/early';

/**
 * Thresholds from the command line, `task=0.3` each.
 *
 * @throws InputError for what is not such a text, or a number that is not between 0 and 1.
 */
export function thresholdsOf(given: readonly string[] = []): { readonly [task: string]: number } {
  const mistakes: { where: string; message: string }[] = [];
  const found: [string, number][] = [];
  for (const text of given) {
    const at = text.lastIndexOf('=');
    const value = Number(text.slice(at + 1));
    if (at > 0 && text.length > at + 1 && value > 0 && value < 1) found.push([text.slice(0, at), value]);
    else {
      const message = 'expected a task and a number between 0 and 1, such as `--threshold late=0.3`';
      mistakes.push({ where: `--threshold ${text}`, message });
    }
  }
  if (mistakes.length > 0) throw new InputError(mistakes);
  return Object.fromEntries(found);
}

import { InputError } from '@polytask/experiment/early';

/**
 * Thresholds from the command line, `task=0.3` or `task=auto` each.
 *
 * @throws InputError for what is not such a text, or a number that is not between 0 and 1.
 */
export function thresholdsOf(given: readonly string[] = []): { readonly [task: string]: number | 'auto' } {
  const mistakes: { where: string; message: string }[] = [];
  const found: [string, number | 'auto'][] = [];
  for (const text of given) {
    const at = text.lastIndexOf('=');
    const written = text.slice(at + 1);
    const value = Number(written);
    if (at > 0 && written === 'auto') found.push([text.slice(0, at), written]);
    else if (at > 0 && text.length > at + 1 && value > 0 && value < 1) found.push([text.slice(0, at), value]);
    else {
      const message = 'expected a task and a number between 0 and 1, or `auto`, such as `--threshold late=0.3`';
      mistakes.push({ where: `--threshold ${text}`, message });
    }
  }
  if (mistakes.length > 0) throw new InputError(mistakes);
  return Object.fromEntries(found);
}

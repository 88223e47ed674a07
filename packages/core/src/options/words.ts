import type { Bounds, Takes } from './takes.js';

/** What an option takes, in a few words: `a whole number from 1`, `one of mse, mae, huber`, `an encoder`. */
export function wordsOf(takes: Takes): string {
  switch (takes.type) {
    case 'number':
      return `${takes.whole ? 'a whole number' : 'a number'}${boundWords(takes)}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `${takes.values.length > 1 ? 'one of ' : ''}${takes.values.join(', ')}`;
    case 'list':
      return takes.what ?? `a list of ${pluralOf(takes.of)}${leastWords(takes.least)}`;
    case 'tuple':
      return takes.what ?? `a list of ${takes.of.length}: ${takes.of.map(wordsOf).join(', ')}`;
    case 'mapping':
      return takes.what ?? `{ ${Object.keys(takes.options).join(', ')} }`;
    case 'either':
      return takes.what ?? takes.of.map(wordsOf).join(', or ');
    case 'task':
      return "a task's name";
    default:
      return takes.what;
  }
}

/** As {@link wordsOf}, for several: `whole numbers from 1`. */
function pluralOf(takes: Takes): string {
  const words = wordsOf(takes);
  if (takes.type === 'number') return words.replace(/^a (whole )?number/, '$1numbers');
  if (takes.type === 'flag') return 'true and false';
  if (takes.type === 'task') return 'task names';
  if (takes.type === 'text' || takes.type === 'part') {
    const noun = words.replace(/^an? /, '');
    return noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  }
  return words;
}

function leastWords(least: number): string {
  return least === 0 ? '' : `, at least ${least === 1 ? 'one' : least}`;
}

function boundWords({ from, above, to, below }: Bounds): string {
  const start = from !== undefined ? ` from ${from}` : above !== undefined ? ` above ${above}` : '';
  const end = to !== undefined ? ` to ${to}` : below !== undefined ? ` ${start ? 'to ' : ''}below ${below}` : '';
  return start + end;
}

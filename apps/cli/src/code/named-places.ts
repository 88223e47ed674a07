import type { NamedPlaces } from '@polytask/experiment/early';

/** What the first operand of a command is; commands that are not here load no parts, so nobody else has to run them. */
const operands: { readonly [command: string]: 'runFile' | 'runFolder' } = {
  train: 'runFile',
  check: 'runFile',
  predict: 'runFolder',
  evaluate: 'runFolder',
  merge: 'runFolder',
  export: 'runFolder',
};

/** Options of these commands, those with a value apart. */
export const valued: readonly string[] = [
  ...[
    '-s',
    '--set',
    '--seed',
    '-o',
    '--output',
    '--resume',
    '--continue',
    '--plugins',
    '-f',
    '--format',
    '--batch',
    '--inputs',
  ],
  ...['-t', '--to', '--id', '--keep', '--max-bad-rows', '--backend', '--part', '--data', '--predictions'],
  ...['--threshold', '-m', '--method', '--scale', '--drop', '--rows', '--joint'],
];
export const plain: readonly string[] = [
  ...['--compare', '--no-compare', '--json', '-q', '--quiet', '--force', '--no-sql', '--intermediates'],
];

/**
 * The places that a command line names, before anything else of it is looked at: the project's own copy of Polytask, which may know
 * other options, is to read the rest.
 *
 * @returns undefined where nothing is to be loaded: for other commands, and where help is asked for.
 */
export function namedPlaces(args: readonly string[]): Omit<NamedPlaces, 'cwd'> | undefined {
  const [command = '', ...rest] = args;
  const operand = Object.hasOwn(operands, command) ? operands[command] : undefined;
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  if (operand === undefined || options.some((word) => word === '-h' || word === '--help')) return undefined;
  const plugins: string[] = [];
  const named: { runFile?: string; runFolder?: string } = {};
  const take = (option: string, value: string | undefined) => {
    if (value === undefined) return;
    if (option === '--plugins') plugins.push(value);
    if (option === '--resume' || option === '--continue') named.runFolder = value;
  };
  for (let i = 0; i < options.length; i++) {
    const word = options[i] as string;
    const [long, attached] = /^(--[^=]+)=(.*)$/s.exec(word)?.slice(1) ?? [];
    if (long !== undefined) take(long, attached);
    else if (valued.includes(word)) take(word, options[++i]);
    else if (!word.startsWith('-') || word === '-') named[operand] ??= word;
    else if (!isPlain(word))
      return operand === 'runFile' || named.runFolder !== undefined ? { ...named, plugins } : undefined;
  }
  if (end >= 0 && rest[end + 1] !== undefined) named[operand] ??= rest[end + 1] as string;
  return { ...named, plugins };
}

/** Whether no value follows: of what is not known, or ambiguous, one might, and it would be taken for an operand. */
function isPlain(word: string): boolean {
  const attached = !word.startsWith('--') && valued.includes(word.slice(0, 2));
  return attached || plain.includes(word);
}

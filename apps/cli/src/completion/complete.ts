import type { Argument, Command, Option } from 'commander';

/** What may come next on a command line. */
export interface Completion {
  readonly words: readonly { readonly value: string; readonly description: string }[];
  /** Kind of files that may stand here too; the shell knows best how to complete paths. */
  readonly paths?: 'yaml' | 'files' | 'folders';
}

/**
 * What may stand in the place of the last word.
 *
 * @param program - The whole program; its commands and options are the only source.
 * @param words - After the program's name; the last one is being written and may be empty.
 * @param names - Values that arguments take, by the name of the argument.
 */
export function complete(
  program: Command,
  words: readonly string[],
  names: Readonly<Record<string, readonly string[]>> = {},
): Completion {
  const current = words.at(-1) ?? '';
  let command = program;
  let operands = 0;
  let pending: Option | undefined;
  let onlyOperands = false;
  for (const word of words.slice(0, -1)) {
    if (pending !== undefined) pending = undefined;
    else if (word === '--') onlyOperands = true;
    else if (word.startsWith('-') && !onlyOperands) {
      const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
      if (option?.required === true) pending = option;
    } else {
      const inner = operands === 0 ? commandsOf(command).find((one) => one.name() === word) : undefined;
      if (inner === undefined) operands++;
      else command = inner;
    }
  }
  if (pending !== undefined) return startingWith(current, values(pending, pending.attributeName(), names));
  if (current.startsWith('-') && !onlyOperands)
    return startingWith(current, { words: optionsOf(command).flatMap(flags) });
  const inner = commandsOf(command).map((one) => ({
    value: one.name(),
    description: one.summary() || one.description(),
  }));
  if (operands === 0 && inner.length > 0) return startingWith(current, { words: inner });
  const given = command.registeredArguments;
  const argument = given[operands] ?? (given.at(-1)?.variadic === true ? given.at(-1) : undefined);
  return startingWith(current, argument === undefined ? { words: [] } : values(argument, argument.name(), names));
}

function startingWith(current: string, { words, ...rest }: Completion): Completion {
  return { words: words.filter(({ value }) => value.startsWith(current)), ...rest };
}

const commandsOf = (command: Command) => command.createHelp().visibleCommands(command);

const optionsOf = (command: Command) => command.createHelp().visibleOptions(command);

function flags({ long, short, description }: Option): Completion['words'][number][] {
  const value = long ?? short;
  return value === undefined ? [] : [{ value, description }];
}

/** What an option or an argument takes: its choices, known names, or paths, by the word that help shows for it. */
function values(
  taker: Option | Argument,
  name: string,
  names: Readonly<Record<string, readonly string[]>>,
): Completion {
  const choices = taker.argChoices ?? names[name];
  if (choices !== undefined) return { words: choices.map((value) => ({ value, description: '' })) };
  const shown = 'flags' in taker ? (/<(.+?)>/.exec(taker.flags)?.[1] ?? '') : name;
  if (/folder|directory|run$/.test(shown)) return { words: [], paths: 'folders' };
  if (!/file|path|rows|input|output|checkpoint|model/.test(shown)) return { words: [] };
  return { words: [], paths: shown === 'file' && !('flags' in taker) ? 'yaml' : 'files' };
}

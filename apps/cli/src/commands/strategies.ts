import type { Strategy } from '@polytask/experiment';
import { didYouMean, findPlugins, ownStrategies } from '@polytask/experiment';
import { codePlaces, InputError } from '@polytask/experiment/early';
import { type Colors, colorsFor, type Io, print, printJson } from '../io.js';

/**
 * Prints what a run file can name: all of it, a line each, or one in full.
 *
 * @param name - A short name, or `<package>#<export>`.
 * @throws InputError where there is no such name.
 */
export async function strategies(
  name: string | undefined,
  options: { readonly json?: boolean; readonly plugins?: readonly string[] },
  io: Io,
): Promise<void> {
  const { stdout, stderr } = io;
  const plugins = await findPlugins(codePlaces({ cwd: io.cwd, plugins: options.plugins }));
  const all = [...ownStrategies(), ...plugins.strategies];
  for (const problem of plugins.problems) print(stderr, `Warning: ${problem}`);
  const colors = colorsFor(stdout, io.env);
  if (name === undefined) {
    if (options.json === true) printJson(stdout, all);
    else print(stdout, describeAll(all, colors));
    return;
  }
  const chosen = all.find((strategy) => strategy.name === name);
  if (chosen === undefined) {
    const known = all.map((strategy) => strategy.name);
    const message = `nothing has this name; \`polytask strategies\` lists what there is${didYouMean(name, known)}`;
    throw new InputError([{ where: name, message }]);
  }
  if (options.json === true) printJson(stdout, chosen);
  else print(stdout, describeOne(chosen, colors));
}

function describeAll(all: readonly Strategy[], { bold, dim }: Colors): string {
  const groups = [...new Set(all.filter(({ from }) => from === undefined).map(({ role }) => role))].map((role) => ({
    title: all.find((strategy) => strategy.role === role) as Strategy,
    members: all.filter((strategy) => strategy.role === role && strategy.from === undefined),
  }));
  const width = Math.max(...all.filter(({ from }) => from === undefined).map(({ name }) => name.length));
  const line = ({ name, summary, options }: Strategy) => {
    const names = options.map(({ name: option, required }) => (required ? option : `${option}?`)).join(', ');
    return `  ${name.padEnd(width)}  ${summary}${names === '' ? '' : ` ${dim(`(${names})`)}`}`;
  };
  const blocks = groups.map(({ title, members }) =>
    [`${bold(plural(title.role))}, under \`${title.key}\``, ...members.map(line)].join('\n'),
  );
  const plugins = all.filter(({ from }) => from !== undefined);
  if (plugins.length > 0) {
    const lines = plugins.map(({ name, role, summary, from }) => `  ${name}  ${summary} ${dim(`(${role}; ${from})`)}`);
    blocks.push([bold('From packages installed here'), ...lines].join('\n'));
  }
  blocks.push('`polytask strategies NAME` says more of one. A `?` follows options that may be left out.');
  return blocks.join('\n\n');
}

function plural(role: string): string {
  const word = `${role[0]?.toUpperCase()}${role.slice(1)}`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}

function describeOne({ name, role, key, summary, options, from }: Strategy, { bold, dim }: Colors): string {
  const head = [`${bold(name)}: ${role}, under \`${key}\``, summary, ...(from === undefined ? [] : [`From ${from}.`])];
  if (options.length === 0) return [...head, from === undefined ? 'It has no options.' : ''].join('\n').trimEnd();
  const width = Math.max(...options.map((option) => option.name.length));
  const rows = options.flatMap((option) => {
    const { required, default: standard, type, description } = option;
    const need = required ? 'required' : standard === undefined ? 'optional' : `default ${standard}`;
    const indent = ' '.repeat(width + 4);
    const facts = [type, need].filter((fact) => fact !== '').join('; ');
    return [
      `  ${option.name.padEnd(width)}  ${description || facts}`,
      ...(description === '' ? [] : [`${indent}${dim(facts)}`]),
    ];
  });
  return [...head, '', ...rows].join('\n');
}

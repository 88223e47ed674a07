import { type InvalidOptionError, PolytaskError } from '@polytask/core';
import { noCode } from '../code/code-places.js';
import { loadPlugin, makePlugin, PluginError } from '../code/load-plugin.js';
import { didYouMean } from '../config/explain-issues.js';
import { isMapping, type Path } from '../config/paths.js';
import { allNames, tableOf } from './names.js';
import type { BuildContext, OwnPart, PartTable } from './part-table.js';

/** Takes up what is wrong with a part; building goes on with the others. */
export type ReportPart = (path: Path, error: PolytaskError) => void;

/** A part cannot be made, and why has been reported. */
class Reported extends Error {}

/** A place where any part may stand: in the options of parts that are not ours. */
const anywhere: PartTable = { key: 'use', role: 'part', kinds: [], parts: new Map() };

/**
 * Makes the part that a configuration describes, from the inside out: every mapping with a `use` becomes the part that it
 * names, then goes into the options of the one around it.
 *
 * @param config - Checked by the schema.
 * @param path - Where it stands in the configuration.
 * @param table - What may stand there.
 * @param report - Called for every part that cannot be made.
 * @returns The part; undefined where something was reported.
 */
export async function buildPart<Made>(
  config: unknown,
  path: Path,
  table: PartTable,
  context: BuildContext,
  report: ReportPart,
): Promise<Made | undefined> {
  try {
    return (await build(config, path, table, context, report)) as Made;
  } catch (error) {
    if (error instanceof Reported) return undefined;
    throw error;
  }
}

async function build(
  config: unknown,
  path: Path,
  table: PartTable,
  context: BuildContext,
  report: ReportPart,
): Promise<unknown> {
  if (Array.isArray(config)) {
    return settle(config.map((item, index) => build(item, [...path, index], anywhere, context, report)));
  }
  if (!isMapping(config)) return config;
  const { key } = table;
  const keys = Object.keys(config);
  const name = config[key];
  const plain = typeof name === 'string' ? (table.parts.get(name)?.plain ?? []) : [];
  const values = await settle(
    keys.map((option) =>
      option === key || plain.includes(option)
        ? config[option]
        : build(config[option], [...path, option], anywhere, context, report),
    ),
  );
  const entries = keys.map((option, index): [string, unknown] => [option, values[index]]);
  if (typeof name !== 'string') return Object.fromEntries(entries);
  const options = Object.fromEntries(entries.filter(([option]) => option !== key));
  try {
    if (name.includes('#')) {
      const { folder, code = noCode } = context;
      return await makePlugin(name, await loadPlugin(name, code), table, options, { folder });
    }
    const part = (table.parts.get(name) ?? tableOf(name)?.parts.get(name)) as OwnPart | undefined;
    if (part === undefined) {
      throw new PluginError(
        `there is no part named \`${name}\`; there are ${allNames().join(', ')}${didYouMean(name, allNames())}`,
      );
    }
    return await part.make(options as never, context);
  } catch (error) {
    // Somebody who empties the cache meanwhile is no fault of the configuration.
    if (!PolytaskError.isInstance(error) || error.code === 'POLYTASK_CACHE_REMOVED') throw error;
    report([...path, ...faultyOption(error, config, key)], error);
    throw new Reported();
  }
}

/** Waits for all, so that each can report what is wrong with it; then fails if one did. */
async function settle(values: readonly unknown[]): Promise<unknown[]> {
  const results = await Promise.allSettled(values);
  const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failed.length > 0) throw failed.find((reason) => !(reason instanceof Reported)) ?? failed[0];
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
}

/** The key of a part's configuration that its error is about: an option it has, else its name. */
function faultyOption(error: PolytaskError, config: Record<string, unknown>, key: string): Path {
  if (error.code !== 'POLYTASK_INVALID_OPTION') return [key];
  const option = String((error as Partial<InvalidOptionError>).option ?? '').split(/[.[]/)[0] ?? '';
  return Object.hasOwn(config, option) ? [option] : [key];
}

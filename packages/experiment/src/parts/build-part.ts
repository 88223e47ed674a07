import {
  descriptionOf,
  listNames,
  type OptionTable,
  type PartDescription,
  PolytaskError,
  type Takes,
} from '@polytask/core';
import { type CodePlaces, noCode } from '../code/code-places.js';
import { loadPlugin, makePlugin, PluginError, requirePart } from '../code/load-plugin.js';
import { didYouMean, expectedWords, explainIssues } from '../config/explain-issues.js';
import { isMapping, type Path } from '../config/paths.js';
import { fileFault } from '../errors/file-fault.js';
import { type BuildContext, type PartTable, partSchema } from './part-table.js';
import { optionPath, rememberPlace } from './place-of.js';
import { allNames, partAt, placeSchema, tableFor, tableOf } from './tables.js';
import { branchFor } from './walk-options.js';

/** Takes up what is wrong with a part; building goes on with the others. `atKey`: the key itself is wrong. */
export type ReportPart = (path: Path, error: PolytaskError, atKey?: boolean) => void;

/** A part cannot be made, and why has been reported. */
class Reported extends Error {}

/** How parts are made in one place. */
interface Building {
  readonly context: BuildContext;
  readonly report: ReportPart;
}

/**
 * Makes the part that a configuration describes, from the inside out: parts within its options are made first, then go into them.
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
    return (await buildNamed(config, path, table, { context, report })) as Made;
  } catch (error) {
    if (error instanceof Reported) return undefined;
    throw error;
  }
}

/** The part that a mapping names; anything else is left as it is. */
async function buildNamed(config: unknown, path: Path, table: PartTable, building: Building): Promise<unknown> {
  const name = isMapping(config) ? config[table.key] : undefined;
  if (!isMapping(config) || typeof name !== 'string') return config;
  const { context, report } = building;
  try {
    const options = Object.fromEntries(Object.entries(config).filter(([option]) => option !== table.key));
    const made = name.includes('#')
      ? await buildPlugin(name, config, options, path, table, building)
      : await ownPart(name, table).create(
          await buildOptions(ownPart(name, table).options, options, path, building),
          context,
        );
    return rememberPlace(made, path);
  } catch (error) {
    const fault = fileFault(error, config, context.folder);
    if (fault !== undefined) {
      const message = `this cannot be opened: ${(error as Error).message}`;
      report([...path, ...fault], new PolytaskError('POLYTASK_FILE', message, { cause: error }));
      throw new Reported();
    }
    // Somebody who empties the cache meanwhile is no fault of the configuration.
    if (!PolytaskError.isInstance(error) || error.code === 'POLYTASK_CACHE_REMOVED') throw error;
    report([...path, ...optionPath(error, config, table.key)], error);
    throw new Reported();
  }
}

/** What is known of the parts that mappings name; nothing of those that cannot be had, or say nothing of themselves. */
export function kindsOf(
  parts: readonly unknown[],
  code: CodePlaces = noCode,
): Promise<readonly (PartDescription | undefined)[]> {
  return Promise.all(
    parts.map(async (part) => {
      if (!isMapping(part)) return undefined;
      const name = [part.use, part.type].find((one) => typeof one === 'string' && one.includes('#'));
      if (name === undefined) return partAt(part);
      return descriptionOf(await loadPlugin(name as string, code).catch(() => undefined));
    }),
  );
}

function ownPart(name: string, table: PartTable): PartDescription {
  const part = table.parts.get(name) ?? tableOf(name)?.parts.get(name);
  if (part !== undefined) return part;
  throw new PluginError(
    `there is no part named \`${name}\`; there are ${listNames(allNames(), { plain: true })}${didYouMean(name, allNames())}`,
  );
}

/** A described part from elsewhere is checked and made like ours; of others nothing is known but what they are. */
async function buildPlugin(
  name: string,
  config: Record<string, unknown>,
  options: Record<string, unknown>,
  path: Path,
  table: PartTable,
  building: Building,
): Promise<unknown> {
  const { context, report } = building;
  const loaded = await loadPlugin(name, context.code ?? noCode);
  const description = descriptionOf(loaded);
  if (description === undefined) {
    const inner = (await buildAnything(options, path, building)) as object;
    return makePlugin(name, loaded, table, inner, { folder: context.folder });
  }
  const checked = partSchema(description, name, table.key, (kinds) => placeSchema(...kinds)).safeParse(config, {
    error: expectedWords,
  });
  const problems = checked.success ? [] : explainIssues(checked.error.issues, config, path);
  for (const { path: at, message, atKey } of problems) {
    report(at, new PolytaskError('POLYTASK_INVALID_OPTION', message), atKey);
  }
  if (problems.length > 0) throw new Reported();
  const made = await description.create(await buildOptions(description.options, options, path, building), context);
  requirePart(name, made, table);
  return made;
}

/** Options with the parts in them made. */
async function buildOptions(
  table: OptionTable,
  options: Readonly<Record<string, unknown>>,
  path: Path,
  building: Building,
): Promise<Record<string, unknown>> {
  return buildEntries(options, (value, option) => {
    const takes = Object.hasOwn(table, option) ? table[option]?.takes : undefined;
    return takes === undefined ? value : buildValue(takes, value, [...path, option], building);
  });
}

async function buildValue(takes: Takes, value: unknown, path: Path, building: Building): Promise<unknown> {
  const within = (of: Takes, inner: unknown, key: string | number) => buildValue(of, inner, [...path, key], building);
  switch (takes.type) {
    case 'part':
      return buildNamed(value, path, tableFor(...takes.kinds), building);
    case 'code':
      return takes.kind === undefined ? value : buildNamed(value, path, tableFor(takes.kind), building);
    case 'list':
      return Array.isArray(value) ? settle(value.map((item, index) => within(takes.of, item, index))) : value;
    case 'tuple':
      return Array.isArray(value) ? settle(takes.of.map((of, index) => within(of, value[index], index))) : value;
    case 'record':
      return isMapping(value) ? buildEntries(value, (inner, key) => within(takes.of, inner, key)) : value;
    case 'mapping':
      return isMapping(value) ? buildOptions(takes.options, value, path, building) : value;
    case 'lazy':
      return buildValue(takes.of(), value, path, building);
    case 'either': {
      const meant = branchFor(takes.of, value);
      return meant === undefined ? value : buildValue(meant, value, path, building);
    }
    default:
      return value;
  }
}

/** Options of which nothing is known: every mapping with a `use` is a part. */
async function buildAnything(value: unknown, path: Path, building: Building): Promise<unknown> {
  if (Array.isArray(value)) return settle(value.map((item, index) => buildAnything(item, [...path, index], building)));
  if (!isMapping(value)) return value;
  if (typeof value.use === 'string') return buildNamed(value, path, tableOf(value.use) ?? tableFor(), building);
  return buildEntries(value, (inner, key) => buildAnything(inner, [...path, key], building));
}

async function buildEntries(
  values: Readonly<Record<string, unknown>>,
  build: (value: unknown, key: string) => unknown,
): Promise<Record<string, unknown>> {
  const keys = Object.keys(values);
  const built = await settle(keys.map(async (key) => build(values[key], key)));
  return Object.fromEntries(keys.map((key, index) => [key, built[index]]));
}

/** Waits for all, so that each can report what is wrong with it; then fails if one did. */
async function settle(values: readonly unknown[]): Promise<unknown[]> {
  const results = await Promise.allSettled(values);
  const failed = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
  if (failed.length > 0) throw failed.find((reason) => !(reason instanceof Reported)) ?? failed[0];
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
}

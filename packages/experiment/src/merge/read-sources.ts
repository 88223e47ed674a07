import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { showValue } from '../config/paths.js';
import { InputError, type Mistake } from '../errors/mistakes.js';
import type { RunData } from '../parts/load-data.js';
import { prepareData } from '../parts/prepare-run.js';
import { begunConfig } from '../run/begun-config.js';
import { readSavedModel, type SavedModel } from '../run/load-model.js';
import { type ReadDocument, readDocument } from '../run/read-document.js';
import { compareData } from '../run/resume-point.js';

/** A finished run whose model is to be merged with others. */
export interface SourceRun {
  /** Its folder as the user wrote it. */
  readonly shown: string;
  readonly read: ReadDocument;
  readonly saved: SavedModel;
  /** The rows that it was trained and measured with. */
  readonly data: RunData;
}

/** What may differ between runs that are merged: what they learned, and how. */
const own: readonly string[] = [
  ...['tasks', 'balancing', 'auxiliary', 'observers', 'primary', 'groups', 'optimizer', 'training'],
  ...['backend', 'threads', 'compare', 'output'],
];

/**
 * Reads the runs that are to be merged, and checks that they have the same network, began with the same weights, and have their rows still.
 *
 * A network begins with weights that follow from its seed and the paths of its variables alone, whatever tasks it has: so two runs with
 * one `sharing`, one `seed` and one version of core began alike.
 *
 * @throws InputError where a folder has no model, or runs do not fit each other.
 */
export async function readSources(
  folders: readonly string[],
  {
    cwd,
    plugins,
    signal,
  }: { readonly cwd: string; readonly plugins?: readonly string[] | undefined; readonly signal: AbortSignal },
): Promise<readonly SourceRun[]> {
  if (folders.length < 2) {
    throw new InputError([
      { where: folders[0] ?? 'polytask merge', message: 'name at least two run folders to merge' },
    ]);
  }
  const read: Omit<SourceRun, 'data'>[] = [];
  for (const shown of folders) {
    const saved = await readSavedModel({ folder: shown, cwd, plugins });
    read.push({ shown, saved, read: await readDocument(resolve(cwd, shown), shown) });
  }
  const mistakes = read.slice(1).flatMap((one) => differences(read[0] as Omit<SourceRun, 'data'>, one));
  if (mistakes.length > 0) throw new InputError(mistakes);
  const sources: SourceRun[] = [];
  for (const one of read) {
    const loaded = begunConfig(one.read, one.saved.code);
    if (loaded.mistakes.mistakes.length > 0) throw new InputError(loaded.mistakes.mistakes);
    const data = await prepareData(loaded, signal);
    await compareData(data, one.read.document, one.shown);
    sources.push({ ...one, data });
  }
  return sources;
}

function differences(first: Omit<SourceRun, 'data'>, other: Omit<SourceRun, 'data'>): Mistake[] {
  const [ours, theirs] = [first.saved.config, other.saved.config] as unknown as Record<string, unknown>[];
  const refuse = (message: string): Mistake => ({ where: other.shown, message });
  const keys = Object.keys({ ...ours, ...theirs }).filter((key) => !own.includes(key));
  const found = keys
    .filter((key) => !isDeepStrictEqual(ours?.[key], theirs?.[key]))
    .map((key) => {
      const why =
        key === 'seed' || key === 'start' ? 'runs that are merged have to begin with the same weights' : reasons[key];
      const values = `\`${key}\` is ${showValue(theirs?.[key])}, but ${showValue(ours?.[key])} in ${first.shown}`;
      return refuse(why === undefined ? values : `${values}; ${why}`);
    });
  const version = ({ read }: Omit<SourceRun, 'data'>) => read.document.versions['@polytask/core'];
  if (version(first) !== version(other)) {
    const message = `it began under @polytask/core ${version(other)}, ${first.shown} under ${version(first)}, and weights may begin otherwise there; train one of them again`;
    found.push(refuse(message));
  }
  if (found.length === 0 && !isDeepStrictEqual(plain(first.saved.inputs), plain(other.saved.inputs))) {
    const message =
      `its network reads ${showValue(plain(other.saved.inputs))}, that of ${first.shown} ${showValue(plain(first.saved.inputs))}; ` +
      'for tables name the same `data.features` in both, without the labels of either';
    found.push(refuse(message));
  }
  return found;
}

const reasons: Readonly<Record<string, string | undefined>> = {
  sharing: 'only networks of one architecture can be merged',
  data: 'merged networks have to read the same rows',
  split: 'merged networks have to be measured on the same rows',
};

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/**
 * The configuration of the merged network: the first run's, with the tasks of all.
 *
 * @throws InputError where two runs have a task of one name that is not the same.
 */
export function mergedConfig(sources: readonly SourceRun[]): Record<string, unknown> {
  const [first] = sources as readonly [SourceRun];
  const tasks = new Map<string, { readonly task: unknown; readonly shown: string }>();
  for (const { read, shown } of sources) {
    for (const task of (read.document.given.tasks ?? []) as readonly { readonly name: string }[]) {
      const known = tasks.get(task.name);
      if (known !== undefined && !isDeepStrictEqual(known.task, task)) {
        const message = `its task \`${task.name}\` is not that of ${known.shown}; tasks of one name have to be the same`;
        throw new InputError([{ where: shown, message }]);
      }
      if (known === undefined) tasks.set(task.name, { task, shown });
    }
  }
  const kept = Object.entries(structuredClone(first.read.document.given) as Record<string, unknown>).filter(
    ([key]) =>
      !['tasks', 'balancing', 'auxiliary', 'observers', 'primary', 'groups', 'compare', 'output'].includes(key),
  );
  return { ...Object.fromEntries(kept), tasks: structuredClone([...tasks.values()].map(({ task }) => task)) };
}

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMapping, type Path, showValue } from '../config/paths.js';
import type { Positions } from '../config/positions.js';
import { readYaml } from '../config/read-yaml.js';
import { configSchema } from '../config/schema.js';
import { InputError } from '../errors/mistakes.js';
import type { RunDocument } from '../report/document.js';

/** `run.json` of a folder, and where in it the configuration stands. */
export interface ReadDocument {
  readonly document: RunDocument;
  /** The file, as messages show it. */
  readonly file: string;
  /** Of what is under `given`. */
  readonly positions: Positions;
}

/** Layouts of `run.json` that can be gone on with. */
const formats: readonly unknown[] = [2];

/**
 * Reads what a run folder says about its run.
 *
 * @param folder - From the root of the disk.
 * @param shown - The folder as the user wrote it.
 * @throws InputError where it is no run folder, or its `run.json` is not one.
 */
export async function readDocument(folder: string, shown: string): Promise<ReadDocument> {
  const file = join(shown, 'run.json');
  const refuse = (message: string, where = file) => new InputError([{ where, message }]);
  const kind = await stat(folder).catch(() => undefined);
  if (kind === undefined) throw refuse('there is no such folder', shown);
  if (!kind.isDirectory()) throw refuse('this is a file; name a run folder, as `polytask train` leaves it', shown);
  const text = await readFile(join(folder, 'run.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw refuse(
        'there is no run.json in this folder, so no run has begun here; begin one with `polytask train`',
        shown,
      );
    throw refuse(error.message);
  });
  // JSON is YAML, read with all limits that hold for what comes from elsewhere.
  const yaml = readYaml(text, file);
  if (yaml.mistakes.length > 0) throw new InputError(yaml.mistakes);
  const { value } = yaml;
  if (!isMapping(value) || !isMapping(value.given)) throw refuse('this does not describe a run of Polytask');
  if (!formats.includes(value.format)) {
    const found = `found version ${showValue(value.format)} of this file`;
    throw refuse(`${found}, and this version of Polytask goes on with runs of version ${formats.join(', ')}`);
  }
  for (const [key, isRight] of Object.entries(expected)) {
    if (!isRight(value[key])) throw refuse(`\`${key}\` is ${showValue(value[key])}, which it cannot be`);
  }
  const below = (path: Path) => ['given', ...path];
  return {
    document: value as unknown as RunDocument,
    file,
    positions: {
      ofOffset: yaml.positions.ofOffset,
      valueAt: (path) => yaml.positions.valueAt(below(path)),
      keyAt: (path) => yaml.positions.keyAt(below(path)),
      depthOf: (path) => Math.max(0, yaml.positions.depthOf(below(path)) - 1),
    },
  };
}

const isText = (value: unknown) => typeof value === 'string';
const isMissingOr = (right: (value: unknown) => boolean) => (value: unknown) => value === undefined || right(value);

/** What going on looks at. */
const expected: Readonly<Record<string, (value: unknown) => boolean>> = {
  status: isText,
  file: isText,
  versions: isMapping,
  backend: (value) =>
    isMapping(value) &&
    isText(value.name) &&
    configSchema.shape.backend.safeParse(value.name).success &&
    configSchema.shape.threads.safeParse(value.threads).success,
  fingerprints: isMapping,
  joint: isMissingOr(isMapping),
  singleTask: isMissingOr((value) => isMapping(value) && Object.values(value).every(isMapping)),
  seconds: isMissingOr((value) => typeof value === 'number'),
  resumed: isMissingOr(Array.isArray),
};

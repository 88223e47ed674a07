import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularText } from '@polytask/core/node';
import { isMapping, showValue } from '../config/paths.js';
import type { Positions } from '../config/positions.js';
import { readYaml } from '../config/read-yaml.js';
import { configSchema } from '../config/schema.js';
import { InputError } from '../errors/mistakes.js';
import type { RunDocument } from './document.js';

/** `run.json` of a folder, and where in it the configuration stands. */
export interface ReadDocument {
  readonly document: RunDocument;
  /** The file, as messages show it. */
  readonly file: string;
  /** Of what is under `given`: all of it begins there. */
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
  const text = await readRegularText(join(folder, 'run.json'), { most: largest }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        throw refuse(
          'there is no run.json in this folder, so no run has begun here; begin one with `polytask train`',
          shown,
        );
      throw refuse(error.message);
    },
  );
  const value = parseJson(text);
  if (!isMapping(value) || !isMapping(value.given)) throw refuse('this does not describe a run of Polytask');
  if (isDeeper(value, deepest)) throw refuse(`this is nested more than ${deepest} levels deep`);
  // The configuration once more by the rules for what comes from elsewhere.
  const yaml = readYaml(JSON.stringify(value.given), file);
  if (yaml.mistakes.length > 0) throw new InputError(yaml.mistakes);
  if (!formats.includes(value.format)) {
    const found = `found version ${showValue(value.format)} of this file`;
    throw refuse(`${found}, and this version of Polytask goes on with runs of version ${formats.join(', ')}`);
  }
  for (const [key, isRight] of Object.entries(expected)) {
    if (!isRight(value[key])) throw refuse(`\`${key}\` is ${showValue(value[key])}, which it cannot be`);
  }
  const given = {
    line:
      Math.max(
        0,
        text.split('\n').findIndex((line) => /^\s*"given":/.test(line)),
      ) + 1,
    column: 1,
  };
  return {
    document: { ...value, given: yaml.value } as unknown as RunDocument,
    file,
    positions: { ofOffset: () => given, valueAt: () => given, keyAt: () => undefined, depthOf: ({ length }) => length },
  };
}

const deepest = 64;

/** Bytes of a run.json; ours have some thousands. */
const largest = 2 ** 26;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

const isText = (value: unknown) => typeof value === 'string';
const isMissingOr = (right: (value: unknown) => boolean) => (value: unknown) => value === undefined || right(value);

const isBackend = (value: unknown) => isText(value) && configSchema.shape.backend.safeParse(value).success;

/** What going on looks at. */
const expected: Readonly<Record<string, (value: unknown) => boolean>> = {
  status: isText,
  file: isText,
  versions: isMapping,
  backend: (value) =>
    isMapping(value) &&
    isBackend(value.name) &&
    isMissingOr(isBackend)(value.before) &&
    configSchema.shape.threads.safeParse(value.threads).success,
  fingerprints: isMapping,
  joint: isMissingOr(isMapping),
  singleTask: isMissingOr((value) => isMapping(value) && Object.values(value).every(isMapping)),
  seconds: isMissingOr((value) => typeof value === 'number'),
  resumed: isMissingOr(Array.isArray),
};

import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import type * as z from 'zod';
import { type CodePlaces, codePlaces, noCode } from '../code/code-places.js';
import { InputError } from '../errors/mistakes.js';
import { tableSources } from '../parts/datasets.js';
import { partAt } from '../parts/tables.js';
import { defaultSharing } from './defaults.js';
import { didYouMean, expectedWords, explainIssues } from './explain-issues.js';
import { createMistakeList, type MistakeList } from './mistake-list.js';
import { isMapping, showValue, valueAt } from './paths.js';
import { readYaml, type YamlText } from './read-yaml.js';
import { type Config, configSchema } from './schema.js';
import { applySetOption, parseSetOption, type SetOption } from './set-option.js';

/** Which configuration is meant, and what the command line changes in it. */
export interface ConfigRequest {
  /** The file as the user wrote it. */
  readonly file: string;
  /** The folder that `file` is seen from. */
  readonly cwd: string;
  /** What else the command line names: folders that code may come from, and a run folder. */
  readonly plugins?: readonly string[] | undefined;
  readonly runFolder?: string;
  /** `key=value` each, in order. */
  readonly set?: readonly string[];
  /** What other options put in, after `set`. */
  readonly overrides?: readonly SetOption[];
}

/** A configuration as far as it is right; what is wrong with it is in `mistakes`. */
export interface LoadedConfig {
  readonly file: string;
  /** The file from the root of the disk. */
  readonly path: string;
  /** Folder of the file; relative paths in it start here. */
  readonly folder: string;
  /** From where parts of others may be loaded. */
  readonly code: CodePlaces;
  /** Name of the file without its ending. */
  readonly name: string;
  /** As written, with the command line's changes. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The top-level keys that are right, defaults filled in; all of them where there is no mistake. */
  readonly sections: Partial<Config>;
  readonly mistakes: MistakeList;
}

/**
 * Reads a configuration file, applies what the command line says, and checks all of it against the schema.
 *
 * @throws InputError where there is no such file, or nothing in it that can be looked at further.
 */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const { file, cwd, set = [], overrides = [] } = request;
  const path = resolve(cwd, file);
  const code = codePlaces({ ...request, runFile: path });
  const yaml = readYaml(await readText(file, path), file);
  if (!yaml.readable) throw new InputError(yaml.mistakes);
  if (!isMapping(yaml.value)) {
    const message = `found ${showValue(yaml.value)}, expected a mapping with ${Object.keys(configSchema.shape).join(', ')}`;
    throw new InputError([...yaml.mistakes, { where: `${file}:1:1`, file, line: 1, column: 1, message }]);
  }
  return checkConfig({ file, path, code, yaml, raw: yaml.value, set, overrides });
}

/** A configuration that has been read from a file. */
export interface ReadConfig extends Pick<ConfigRequest, 'set' | 'overrides'> {
  /** The file that it is in, as the user wrote it. */
  readonly file: string;
  /** The file that it was written in, from the root of the disk. */
  readonly path: string;
  /** Default: from nowhere. */
  readonly code?: CodePlaces;
  readonly yaml: Pick<YamlText, 'positions' | 'mistakes'>;
  readonly raw: Record<string, unknown>;
}

/** Applies what the command line says, in place, and checks all of it against the schema. */
export function checkConfig(read: ReadConfig): LoadedConfig {
  const { file, path, code = noCode, yaml, raw, set = [], overrides = [] } = read;
  const parsed = set.map(parseSetOption);
  const sets = [...parsed.filter((one): one is SetOption => !('problem' in one)), ...overrides];
  const mistakes = createMistakeList(file, yaml.positions, sets);
  mistakes.addPlaced(...yaml.mistakes);
  for (const one of parsed) if ('problem' in one) mistakes.addPlaced({ where: one.where, message: one.problem });
  for (const one of sets) {
    const problem = applySetOption(raw, one);
    if (problem !== undefined) mistakes.addPlaced({ where: one.where, message: problem });
  }
  const sections = withSharing(checkSections(withEncoder(raw), mistakes), raw, mistakes);
  return { file, path, folder: dirname(path), code, name: basename(path, extname(path)), raw, sections, mistakes };
}

/** Checks all against the schema; what is right can be looked at further even if something else is not. */
function checkSections(raw: Record<string, unknown>, mistakes: MistakeList): Partial<Config> {
  const all = configSchema.safeParse(raw, { error: expectedWords });
  if (all.success) return all.data;
  for (const { path, atKey, message } of explainIssues(all.error.issues, raw)) mistakes.add(path, message, atKey);
  const right = Object.entries(configSchema.shape).flatMap(([key, schema]) => {
    const section = (schema as z.ZodType).safeParse(raw[key]);
    return section.success && section.data !== undefined ? [[key, section.data] as const] : [];
  });
  return Object.fromEntries(right) as Partial<Config>;
}

function hasTables(raw: Record<string, unknown>): boolean {
  return tableSources.includes(valueAt(raw, ['data', 'use']) as never);
}

/** Tables have an encoder by default, in every sharing strategy that needs nothing else. */
function withEncoder(raw: Record<string, unknown>): Record<string, unknown> {
  const { sharing } = raw;
  if (!hasTables(raw) || !isMapping(sharing) || 'encoder' in sharing) return raw;
  const needed = Object.entries(partAt(sharing)?.options ?? {})
    .filter(([name, { presence }]) => presence === 'required' && !(name in sharing))
    .map(([name]) => name);
  return needed.join() === 'encoder' ? { ...raw, sharing: { ...sharing, encoder: defaultSharing.encoder } } : raw;
}

/** Tables have a sharing strategy by default; what other data need, their inputs do not say. */
function withSharing(sections: Partial<Config>, raw: Record<string, unknown>, mistakes: MistakeList): Partial<Config> {
  if (raw.sharing !== undefined) return sections;
  if (hasTables(raw)) return { ...sections, sharing: defaultSharing as never };
  const example = '`{ use: hard-sharing, encoder: { use: mlp, units: [64, 32] } }`';
  mistakes.add(
    ['sharing'],
    `\`sharing\` is missing, and only tables have a default; expected a mapping, such as ${example}`,
  );
  return sections;
}

async function readText(file: string, path: string): Promise<string> {
  const refuse = (message: string) => new InputError([{ where: file, file, message }]);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readStart(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw refuse(`there is no such file${await nearestFile(path)}`);
    if (code === 'EISDIR') throw refuse('this is a folder; name a YAML file, or go on with a run folder by `--resume`');
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw refuse('this is not text in UTF-8');
    throw refuse(message);
  }
}

/** A run file may be a pipe from another program, or a device that never ends: this much is enough to see that it is too long. */
const mostBytes = 2 ** 21;
/** Here are the pipes that a shell or another program has opened. The opening of any other waits until somebody writes to it. */
const openedPipes = /^\/(dev|proc)\//;

async function readStart(path: string): Promise<Uint8Array> {
  if (!openedPipes.test(path) && (await stat(path)).isFIFO()) {
    throw new Error('this is a pipe that may have no other end; give what comes out of it as `/dev/stdin`');
  }
  const file = await open(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 2 ** 16 })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > mostBytes) throw new Error(`this is longer than ${mostBytes} bytes; name a YAML file`);
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

async function nearestFile(path: string): Promise<string> {
  const files = await readdir(dirname(path)).catch(() => []);
  const yaml = files.filter((file) => /\.(ya?ml|json)$/.test(file));
  return didYouMean(basename(path), yaml);
}

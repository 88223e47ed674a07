import { type Document, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { Mistake } from '../errors/mistakes.js';
import { isMapping, type Path, showPath } from './paths.js';
import { createPositions, type Position, type Positions } from './positions.js';

/** A YAML text as plain data, and where everything in it stands. */
export interface YamlText {
  readonly value: unknown;
  readonly positions: Positions;
  readonly mistakes: readonly Mistake[];
  /** Whether this is YAML at all: mistakes may be such that the rest can be looked at all the same. */
  readonly readable: boolean;
}

const settings = { version: '1.2', merge: true, prettyErrors: false, strict: true, uniqueKeys: true } as const;

/** Keys that mean something to JavaScript objects, and never anything here. */
const refusedKeys = ['__proto__', 'constructor', 'prototype'];

const deepest = 64;

/**
 * Parses one YAML document. Syntax errors, duplicate keys, unknown tags and keys such as `__proto__` are mistakes with their
 * positions; `value` then holds what could be read.
 *
 * @param text - The file's text.
 * @param file - Its name, for mistakes.
 */
export function readYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { ...settings, lineCounter });
  const positions = createPositions(document, lineCounter);
  const mistakes: Mistake[] = [];
  const report = (position: Position, message: string) => mistakes.push(mistakeAt(file, position, message));
  for (const error of [...document.errors, ...document.warnings]) {
    report(positions.ofOffset(error.pos[0]), explain(error, text, positions));
  }
  const data = toData(document);
  if ('problem' in data) {
    if (mistakes.length === 0) report({ line: 1, column: 1 }, data.problem);
    return { value: undefined, positions, mistakes, readable: false };
  }
  const value = plainData(data.value, (path, problem) => {
    report(positions.keyAt(path) ?? positions.valueAt(path), problem);
  });
  const readable = document.errors.every(({ code }) => code === 'DUPLICATE_KEY');
  return { value, positions, mistakes, readable };
}

/** One YAML value from a command line: its plain data, or what is wrong with it. */
export function readYamlValue(text: string): { value: unknown } | { problem: string } {
  const document = parseDocument(text, settings);
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return { problem: error.message };
  const data = toData(document);
  if ('problem' in data) return data;
  let problem: string | undefined;
  const value = plainData(data.value, (_, found) => {
    problem ??= found;
  });
  return problem === undefined ? { value } : { problem };
}

/** A mistake at a place in a file. */
export function mistakeAt(file: string, { line, column }: Position, message: string): Mistake {
  return { where: `${file}:${line}:${column}`, file, line, column, message };
}

function toData(document: Document.Parsed): { value: unknown } | { problem: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** What YAML complains about, in words about this file. */
function explain(error: YAMLError, text: string, positions: Positions): string {
  const word = /^[^\s:,[\]{}]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
  if (error.code === 'DUPLICATE_KEY') {
    const line = firstLineOf(word, text, positions.ofOffset(error.pos[0]).line);
    return `the key \`${word}\` is here a second time${line}; keep one of the two`;
  }
  if (error.code === 'MULTIPLE_DOCS') return 'a second YAML document begins here; a run is described by one';
  if (error.code === 'TAB_AS_INDENT') return 'tabs may not indent YAML; use spaces';
  return `this is not YAML: ${error.message}`;
}

/** Where a key that comes up again was first, if that can be told from the indentation. */
function firstLineOf(word: string, text: string, again: number): string {
  const lines = text.split('\n');
  const indent = /^[\s-]*/.exec(lines[again - 1] ?? '')?.[0].length ?? 0;
  for (let line = again - 1; line > 0; line--) {
    if (lines[line - 1]?.slice(indent).startsWith(`${word}:`)) return ` (it is on line ${line} already)`;
  }
  return '';
}

/** A deep copy without shared references: mappings become plain objects without any key that objects have by nature. */
function plainData(root: unknown, report: (path: Path, problem: string) => void): unknown {
  const copy = (value: unknown, path: Path): unknown => {
    if (path.length > deepest) {
      report(path.slice(0, 1), `\`${showPath(path.slice(0, 1))}\` is nested more than ${deepest} levels deep`);
      return undefined;
    }
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]));
    if (!isMapping(value)) return value;
    const plain: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (refusedKeys.includes(key)) report([...path, key], `the key \`${key}\` is not allowed`);
      else plain[key] = copy(item, [...path, key]);
    }
    return plain;
  };
  return copy(root, []);
}

/** Whether a key may stand in a configuration. */
export function isRefusedKey(key: string): boolean {
  return refusedKeys.includes(key);
}

import { type Document, isNode, isScalar, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import type { Mistake } from '../errors/mistakes.js';
import { harmIn } from './harm.js';
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

/** The library's own search for duplicate keys compares each with each. */
const settings = {
  version: '1.2',
  merge: true,
  prettyErrors: false,
  strict: true,
  uniqueKeys: false,
  logLevel: 'error',
} as const;

/** Keys that mean something to JavaScript objects, and never anything here. */
const refusedKeys = ['__proto__', 'constructor', 'prototype'];

const deepest = 64;

/** Values in a file, those counted again that it repeats by aliases. */
const most = 100_000;

/**
 * Parses one YAML document. Syntax errors, duplicate keys, unknown tags and keys such as `__proto__` are mistakes with their
 * positions; `value` then holds what could be read. Texts made to take forever, or all memory, are refused.
 *
 * @param text - The file's text.
 * @param file - Its name, for mistakes.
 */
export function readYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter();
  const document = parse(text, lineCounter);
  if ('problem' in document) {
    const positions = createPositions(parseDocument(''), lineCounter);
    return {
      value: undefined,
      positions,
      mistakes: [mistakeAt(file, { line: 1, column: 1 }, document.problem)],
      readable: false,
    };
  }
  const positions = createPositions(document, lineCounter);
  const mistakes: Mistake[] = [];
  const report = (position: Position, message: string) => mistakes.push(mistakeAt(file, position, message));
  for (const error of [...document.errors, ...document.warnings]) {
    report(positions.ofOffset(error.pos[0]), explain(error));
  }
  for (const offset of duplicateKeys(document)) {
    report(positions.ofOffset(offset), explainDuplicate(offset, text, positions));
  }
  const data = toData(document);
  if ('problem' in data) {
    if (mistakes.length === 0) report({ line: 1, column: 1 }, data.problem);
    return { value: undefined, positions, mistakes, readable: false };
  }
  const value = plainData(data.value, (path, problem) => {
    report(positions.keyAt(path) ?? positions.valueAt(path), problem);
  });
  return { value, positions, mistakes, readable: document.errors.length === 0 };
}

/** One YAML value from a command line: its plain data, or what is wrong with it. */
export function readYamlValue(text: string): { value: unknown } | { problem: string } {
  const document = parse(text);
  if ('problem' in document) return document;
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return { problem: error.message };
  if (duplicateKeys(document).length > 0) return { problem: 'a key is there twice' };
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

function parse(text: string, lineCounter?: LineCounter): Document.Parsed | { problem: string } {
  const problem = harmIn(text);
  if (problem !== undefined) return { problem };
  try {
    return parseDocument(text, { ...settings, ...(lineCounter && { lineCounter }) });
  } catch (error) {
    return { problem: `this is not YAML that can be read: ${(error as Error).message}` };
  }
}

/** Where keys stand that their mapping has already, in order. */
function duplicateKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name) && isNode(key) && key.range) offsets.push(key.range[0]);
        seen.add(name);
      }
    },
  });
  return offsets;
}

function toData(document: Document.Parsed): { value: unknown } | { problem: string } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** What YAML complains about, in words about this file. */
function explain(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a second YAML document begins here; a run is described by one';
  if (error.code === 'TAB_AS_INDENT') return 'tabs may not indent YAML; use spaces';
  return `this is not YAML: ${error.message}`;
}

function explainDuplicate(offset: number, text: string, positions: Positions): string {
  const word = /^[^\s:,[\]{}]+/.exec(text.slice(offset, offset + 200))?.[0] ?? '';
  const line = firstLineOf(word, text, positions.ofOffset(offset).line);
  return `the key \`${word}\` is here a second time${line}; keep one of the two`;
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
  let count = 0;
  const copy = (value: unknown, path: Path): unknown => {
    count += 1;
    if (count > most) {
      if (count === most + 1) report([], `there are more than ${most} values in this, aliases counted in full`);
      return undefined;
    }
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

import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Path } from './paths.js';

/** A place in a text file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds where the parts of a YAML document stand. */
export interface Positions {
  /**
   * Where the value at a path begins. Where the file has none, where its nearest ancestor is: what should have been there
   * belongs into that one.
   */
  valueAt(path: Path): Position;
  /** Where the key at the end of a path stands; undefined where the file has no such key. */
  keyAt(path: Path): Position | undefined;
  /** How many keys of a path the file has. */
  depthOf(path: Path): number;
  /** The place of a character, counted from 0. */
  ofOffset(offset: number): Position;
}

/** Positions of a parsed document; `lineCounter` is the one that it was parsed with. */
export function createPositions(document: Document.Parsed, lineCounter: LineCounter): Positions {
  const ofOffset = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const ofNode = (node: unknown): Position | undefined =>
    isNode(node) && node.range ? ofOffset(node.range[0]) : undefined;

  const resolve = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

  /** The pairs of a mapping by their keys: thousands of mistakes may be in one mapping. */
  const indexes = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    const known = indexes.get(map);
    if (known !== undefined) return known;
    const keyed = map.items.filter(({ key }) => isScalar(key));
    // Of a key that is there twice, the first one.
    const pairs = new Map(keyed.reverse().map((pair) => [String((pair.key as Scalar).value), pair]));
    indexes.set(map, pairs);
    return pairs;
  }

  function pairIn(map: unknown, key: string | number): Pair | undefined {
    if (!isMap(map)) return undefined;
    const own = pairsOf(map).get(String(key));
    if (own !== undefined) return own;
    // `<<: *defaults`: what another mapping brings in.
    const merged = resolve(map.items.find((pair) => isScalar(pair.key) && pair.key.source === '<<')?.value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = pairIn(resolve(source), key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The pair or list entry at every step of the path, as far as the file goes. */
  function walk(path: Path): unknown[] {
    const steps: unknown[] = [];
    let node: unknown = document.contents;
    for (const key of path) {
      const parent = resolve(node);
      const step = isSeq(parent) ? parent.items[Number(key)] : pairIn(parent, key);
      if (step === undefined || step === null) break;
      steps.push(step);
      node = isPair(step) ? step.value : step;
    }
    return steps;
  }

  function ofValue(step: unknown): Position | undefined {
    if (!isPair(step)) return ofNode(step);
    // A key with nothing behind it has a null of no length somewhere after it: point at the key.
    const empty = isScalar(step.value) && step.value.value === null && step.value.source === '';
    return (empty ? undefined : ofNode(step.value)) ?? ofNode(step.key);
  }

  return {
    ofOffset,
    depthOf: (path) => walk(path).length,
    keyAt(path) {
      const steps = walk(path);
      const last = steps.at(-1);
      return steps.length === path.length && isPair(last) ? ofNode(last.key) : undefined;
    },
    valueAt(path) {
      const steps = walk(path);
      const last = steps.at(-1);
      if (last === undefined) return { line: 1, column: 1 };
      if (steps.length === path.length) return ofValue(last) ?? { line: 1, column: 1 };
      return (isPair(last) ? ofNode(last.key) : ofNode(last)) ?? { line: 1, column: 1 };
    },
  };
}

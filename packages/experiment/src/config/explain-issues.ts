import { listNames, nearestWord } from '@polytask/core';
import type * as z from 'zod';
import { isMapping, type Path, showPath, showValue, valueAt } from './paths.js';
import { elsewhere } from './words.js';

/** What is wrong at one place of a configuration. */
export interface Problem {
  readonly path: Path;
  /** Whether the key itself is wrong, and not what stands behind it. */
  readonly atKey: boolean;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** The schema's own words for what it expects where it does not say so itself; to be passed to `safeParse`. */
export function expectedWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords[issue.expected] ?? String(issue.expected);
    case 'invalid_value':
      return (issue.values as readonly unknown[]).map((value) => showValue(value)).join(', ');
    case 'too_small':
      return `at least ${issue.minimum} ${issue.minimum === 1 ? 'entry' : 'entries'}`;
    case 'too_big':
      return `at most ${issue.maximum} entries`;
    case 'unrecognized_keys':
      return Object.keys((issue.inst as unknown as z.ZodObject).shape ?? {}).join(', ');
    default:
      return noWords;
  }
}

/** What stands for words where the schema has none of its own. */
const noWords = '';

const typeWords: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a mapping',
  record: 'a mapping',
  string: 'a text',
};

/**
 * What the schema's issues mean to the person who wrote `root`: what was found, what was expected, and the nearest valid word.
 *
 * @param issues - From `schema.safeParse(root, { error: expectedWords })`.
 * @param at - Where `root` stands in the whole configuration; messages name the whole path.
 */
export function explainIssues(issues: readonly Issue[], root: unknown, at: Path = []): Problem[] {
  return issues
    .flatMap((issue) => innermost(issue, root, []))
    .flatMap(({ issue, path }) => explainIssue(issue, path, root, at));
}

interface Placed {
  readonly issue: Issue;
  readonly path: Path;
}

/** An issue of a union is replaced by those of the branch that was meant. */
function innermost(issue: Issue, root: unknown, before: Path): Placed[] {
  const path = [...before, ...(issue.path as Path)];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ issue, path }];
  const branches = issue.errors.filter((errors) => !errors.some(isWrongType));
  const meant = branchMeant(branches, valueAt(root, path));
  if (meant !== undefined) return meant.flatMap((inner) => innermost(inner, root, path));
  const message = issue.message === noWords ? wrongTypeWords(issue).join(', or ') : issue.message;
  return [{ issue: { ...issue, message }, path }];
}

/** Of the branches that take mappings, parts come first, and they are known by their `use` (tasks by their `type`). */
function branchMeant(branches: readonly Issue[][], value: unknown): Issue[] | undefined {
  const [first] = branches;
  const last = branches.at(-1);
  const isName = (key: unknown) => key === 'use' || key === 'type';
  const named = isMapping(value) && Object.keys(value).some((key) => isName(key) && typeof value[key] === 'string');
  const onlyLacksName = last?.every(({ path }) => path.length === 1 && isName(path[0]));
  return named || onlyLacksName ? first : last;
}

/** Whether an issue says that the whole value has the wrong type. */
function isWrongType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union')
    return issue.errors.length > 0 && issue.errors.every((all) => all.some(isWrongType));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

/** What all branches expected, each once. */
function wrongTypeWords(issue: Issue): string[] {
  if (issue.code !== 'invalid_union' || issue.message !== noWords) return [issue.message];
  return [...new Set(issue.errors.flat().filter(isWrongType).flatMap(wrongTypeWords))];
}

function explainIssue(issue: Issue, inner: Path, root: unknown, at: Path): Problem[] {
  const path = [...at, ...inner];
  if (issue.code === 'unrecognized_keys') {
    const known = issue.message.split(', ');
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: `there is no key \`${showPath([...path, key])}\`; expected ${known.join(', ')}${meant(key, known)}`,
    }));
  }
  const found = valueAt(root, inner);
  const { words, known } = expectation(issue);
  const name = path.length === 0 ? 'the file' : `\`${showPath(path)}\``;
  const message =
    found === undefined && path.length > 0
      ? `${name} is missing; expected ${words}`
      : `${name}: found ${showValue(found)}, expected ${words}${typeof found === 'string' ? didYouMean(found, known) : ''}`;
  return [{ path, atKey: false, message }];
}

/** What was expected, as words and, where it is one of several, as a list. */
function expectation(issue: Issue): { words: string; known: readonly string[] } {
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const oneOf = issue.values.length > 1 ? 'one of ' : '';
    return { words: `${oneOf}${issue.values.map((value) => showValue(value)).join(', ')}`, known };
  }
  if (issue.code === 'invalid_union' && 'options' in issue) {
    const known = (issue.options as readonly unknown[]).map(String);
    return { words: `${listNames(known, { plain: true })} or ${elsewhere}`, known };
  }
  return { words: issue.message, known: [] };
}

/** What other tools call our options. */
const elsewhereCalled: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  alpha: 'learningRate',
  hidden: 'units',
  hiddenSizes: 'units',
  layers: 'units',
  nEpochs: 'epochs',
  loss_weight: 'weight',
  class_weight: 'classWeights',
};

/** The end of a message about a key that is not ours: the nearest one, or what we call it. */
function meant(key: string, known: readonly string[]): string {
  const own = Object.hasOwn(elsewhereCalled, key) ? elsewhereCalled[key] : undefined;
  if (own !== undefined && known.includes(own)) return `. Did you mean \`${own}\`?`;
  const decay = /^weight_?decay$/i.test(key) && known.includes('learningRate');
  return decay ? '. The optimizer `adam-w` has `weightDecay`' : didYouMean(key, known);
}

/** The end of a message that names the nearest valid word; empty where none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const nearest = nearestWord(word, known);
  return nearest === undefined ? '' : `. Did you mean \`${nearest}\`?`;
}

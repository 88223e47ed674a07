// The code in the documentation is right: every ts fence of the pages and of the packages' doc comments is type-checked and
// executed, and what `// => ...` says of its output holds. How a fence opts out: CONTRIBUTING.md, "Documentation".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../scripts/run.mjs';
import { checkSnippets } from './support/check-snippets.js';
import { executeSnippets } from './support/execute-snippets.js';
import { type Problem, snippetsIn } from './support/snippets.js';
import { pages, sourcesIn } from './support/sources.js';

const fixturePath = 'test/fixtures/snippets.md';
const fixture = { path: fixturePath, text: readFileSync(join(root, fixturePath), 'utf8') };
const comments = sourcesIn('packages').filter(({ path }) => /^packages\/[^/]+\/src\//.test(path));
const documented = [...pages(), ...comments]
  .map((file) => ({ path: file.path, ...snippetsIn(file) }))
  .filter(({ snippets, problems }) => snippets.length + problems.length > 0);

let problems: readonly Problem[] = [];

/** What is wrong in a file, in the order of its lines. */
const problemsOf = (path: string) =>
  problems.filter((problem) => problem.path === path).sort((a, b) => a.line - b.line);

beforeAll(async () => {
  const found = [...documented, snippetsIn(fixture)];
  const snippets = found.flatMap((file) => file.snippets);
  const mistyped = checkSnippets(snippets);
  // What does not compile need not be executed.
  const compiled = snippets.filter(
    ({ path, line, end }) => !mistyped.some((one) => one.path === path && one.line >= line && one.line <= end),
  );
  problems = [...found.flatMap((file) => file.problems), ...mistyped, ...(await executeSnippets(compiled))];
}, 360_000);

describe('examples in', () => {
  it.each(documented.map(({ path }) => path))('%s', (path) => {
    const found = problemsOf(path).map(({ line, message }) => `${path}:${line}: ${message}`);
    if (found.length > 0) throw new Error(found.join('\n'));
  });
});

it('finds mistakes', () => {
  expect(problemsOf(fixturePath).map(({ line, message }) => `${line}: ${message.split('\n')[0]}`)).toEqual([
    "6: Type 'boolean' is not assignable to type 'number | readonly string[]'.",
    '15: Expected price [ 2 ], but printed price [ 1 ].',
    "17: Expected 'cost', but got 'price'.",
    '18: Write `// => ...` for what is printed, so that it is checked.',
    '19: This line was never reached.',
    "25: 'PolytaskError' is declared but its value is never read.",
    "27: Cannot find name 'price'.",
    '36: InvalidOptionError: Option `units[0]` must be a whole number from 1, but is 0.5.',
    '52: Error: late',
    "58: Type 'string' is not assignable to type 'number'.",
    '61: `ts no-run` must be followed by the reason.',
    '69: Unknown word `ignored` after `ts`.',
    '70: `// =>` must follow a statement.',
    '81: Did not come to its end.',
  ]);
});

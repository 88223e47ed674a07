// The code in documentation: ts fences of Markdown pages and of doc comments, found where they stand.
import ts from 'typescript';
import type { SourceFile } from './sources.js';

/** A line of a file, and what is wrong there. */
export interface Problem {
  path: string;
  line: number;
  message: string;
}

/**
 * One module of documentation code: a fence, with those that continue it. `text` is the whole file with everything else
 * blanked out, so that every line and column in it is that of the file.
 */
export interface Snippet {
  path: string;
  /** Of the first fence's opening marks. */
  line: number;
  /** The last line of code. */
  end: number;
  text: string;
  /** false: types are checked, nothing is executed. */
  run: boolean;
}

/** The snippets of one file, and fences that are not as they have to be. */
export interface Found {
  snippets: Snippet[];
  problems: Problem[];
}

interface Fence {
  /** Line of the opening marks; 1 is the first line of the file. */
  line: number;
  /** What follows the marks and the language. */
  info: string;
  /** The fence's lines by their number in the file, counted from 0. */
  content: Map<number, string>;
}

/**
 * The snippets of a Markdown page or a TypeScript file.
 *
 * After `ts`, a fence may say `continues` (it goes on from the fence before: one module), `no-run reason` (types only) or
 * `ignore reason`.
 */
export function snippetsIn({ path, text: page }: SourceFile): Found {
  const fences = path.endsWith('.md') ? fencesIn(page.split('\n'), 0) : fencesInComments(path, page);
  const lineCount = page.split('\n').length;
  const found: Found = { snippets: [], problems: [] };
  let contents: Map<number, string> | undefined;
  for (const fence of fences) {
    const [word = '', ...reason] = fence.info.split(/\s+/);
    if (word !== '' && !['continues', 'no-run', 'ignore'].includes(word)) {
      found.problems.push({ path, line: fence.line, message: `Unknown word \`${word}\` after \`ts\`.` });
    }
    if ((word === 'no-run' || word === 'ignore') && reason.length === 0) {
      found.problems.push({ path, line: fence.line, message: `\`ts ${word}\` must be followed by the reason.` });
    }
    const before = found.snippets.at(-1);
    if (word === 'continues' && (contents === undefined || before === undefined)) {
      found.problems.push({ path, line: fence.line, message: 'There is no snippet to continue.' });
    }
    if (word === 'ignore') continue;
    if (word === 'continues' && contents !== undefined && before !== undefined) {
      for (const [line, content] of fence.content) contents.set(line, content);
      before.text = masked(contents, lineCount);
      before.end = lastLine(fence);
    } else {
      contents = new Map(fence.content);
      const text = masked(contents, lineCount);
      found.snippets.push({ path, line: fence.line, end: lastLine(fence), text, run: word !== 'no-run' });
    }
  }
  return found;
}

function lastLine({ line, content }: Fence): number {
  return Math.max(line, ...[...content.keys()].map((index) => index + 1));
}

function masked(contents: ReadonlyMap<number, string>, lineCount: number): string {
  return Array.from({ length: lineCount }, (_, line) => contents.get(line) ?? '').join('\n');
}

/** ts fences in lines of Markdown, of which the first is line `start` of its file. */
function fencesIn(lines: readonly string[], start: number): Fence[] {
  const fences: Fence[] = [];
  let open: { marks: string; fence: Fence | undefined } | undefined;
  lines.forEach((line, index) => {
    const [, marks = '', rest = ''] = /^\s*(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (marks === '') return;
      const [, info] = /^\s*(?:ts|typescript)(?:\s+(.*))?$/.exec(rest) ?? [undefined, undefined];
      const isCode = /^\s*(ts|typescript)(\s|$)/.test(rest);
      const fence = { line: start + index + 1, info: (info ?? '').trim(), content: new Map<number, string>() };
      if (isCode) fences.push(fence);
      open = { marks, fence: isCode ? fence : undefined };
    } else if (marks.startsWith(open.marks) && rest.trim() === '') open = undefined;
    else open.fence?.content.set(start + index, line);
  });
  return fences;
}

function fencesInComments(path: string, text: string): Fence[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const comments = new Map<number, number>();
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) {
      if (text.startsWith('/**', pos)) comments.set(pos, end);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...comments]
    .sort(([a], [b]) => a - b)
    .flatMap(([pos, end]) => {
      // The star in front of each line becomes a space, so that columns stay what they are.
      const lines = text.slice(pos, end).split('\n');
      const bare = lines.map((line) => line.replace(/^\s*\*(?!\/)/, (star) => ' '.repeat(star.length)));
      return fencesIn(bare, source.getLineAndCharacterOfPosition(pos).line);
    });
}

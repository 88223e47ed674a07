import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import ts from 'typescript';
import { root, run } from '../../scripts/run.mjs';
import { snippetHome } from './check-snippets.js';
import type { Problem, Snippet } from './snippets.js';

/**
 * Executes snippets in one process, each as a module of its own, and compares what they print and give with the comments
 * `// => ...` behind them.
 */
export async function executeSnippets(snippets: readonly Snippet[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const rewritten = snippets.map((snippet) => withAssertions(snippet, problems));
  const runnable = snippets.map(({ run }, index) => ({ run, index })).filter(({ run }) => run);
  // Where a user's project would have it: beside the packages that the code imports.
  const folder = join(snippetHome, 'node_modules/.cache/snippets', String(process.pid));
  const workplace = mkdtempSync(join(tmpdir(), 'polytask-snippets-'));
  mkdirSync(folder, { recursive: true });
  try {
    await build({
      entryPoints: [
        ...runnable.map(({ index }) => ({ in: `snippet:${index}`, out: String(index) })),
        // Started as a process of its own, from beside the bundle.
        { in: join(root, 'packages/data/src/node/reading/database-process.js'), out: 'database-process' },
      ],
      outdir: folder,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      outExtension: { '.js': '.mjs' },
      conditions: ['polytask:source'],
      sourcemap: true,
      logLevel: 'silent',
      plugins: [snippetPlugin(rewritten.map(({ text }) => text))],
    });
    renameSync(join(folder, 'database-process.mjs'), join(folder, 'database-process.js'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    symlinkSync(join(snippetHome, 'node_modules'), join(workplace, 'node_modules'), 'junction');
    const modules = runnable.map(({ index }) => {
      const { path, line } = snippets[index] as Snippet;
      return {
        path,
        line,
        asserted: rewritten[index]?.asserted,
        url: pathToFileURL(join(folder, `${index}.mjs`)).href,
      };
    });
    const [task, report] = [join(workplace, 'modules.json'), join(workplace, 'problems.json')];
    writeFileSync(task, JSON.stringify(modules));
    const script = join(root, 'test/support/run-snippets.mjs');
    writeFileSync(report, '[]');
    await run(process.execPath, ['--enable-source-maps', script, task, report], {
      cwd: workplace,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 240_000,
    });
    return [...problems, ...JSON.parse(readFileSync(report, 'utf8'))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(workplace, { recursive: true, force: true });
  }
}

/** Snippets are virtual files. Our packages are bundled from their sources; the others stay what a program imports. */
function snippetPlugin(contents: readonly string[]): Plugin {
  return {
    name: 'snippets',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /^snippet:\d+$/ }, ({ path }) => ({ path, namespace: 'snippet' }));
      onLoad({ filter: /.*/, namespace: 'snippet' }, ({ path }) => {
        const index = Number(path.slice('snippet:'.length));
        return { contents: contents[index] as string, loader: 'ts', resolveDir: snippetHome };
      });
      onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (kind === 'entry-point' || pluginData === 'plain' || path.startsWith('@polytask/')) return undefined;
        if (path.startsWith('node:') || builtinModules.includes(path)) return { path, external: true };
        const found = await resolve(path, { kind, resolveDir, pluginData: 'plain' });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: pathToFileURL(found.path).href, external: true };
      });
    },
  };
}

/** The snippet with each statement that a `// => ...` follows turned into a comparison on the same line; and those lines. */
function withAssertions({ path, text }: Snippet, problems: Problem[]): { text: string; asserted: number[] } {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const edits: { start: number; end: number; text: string }[] = [];
  const used = new Set<number>();
  const asserted: number[] = [];

  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node)) {
      const expected = expectationBehind(text, node.end, used);
      const { expression } = node;
      const [start, end] = [expression.getStart(source), expression.getEnd()];
      if (expected !== undefined) {
        asserted.push(lineOf(start));
        const place = `${lineOf(start)}, ${JSON.stringify(expected)}`;
        if (isLog(expression, source)) {
          edits.push({ start, end: expression.arguments.pos, text: `globalThis.snippets.log(${place}, ` });
        } else {
          edits.push(
            { start, end: start, text: `globalThis.snippets.value(${place}, (` },
            { start: end, end, text: '))' },
          );
        }
      } else if (isLog(expression, source) && /^[;\s]*\/\/ ?\S/.test(restOfLine(text, node.end))) {
        problems.push({
          path,
          line: lineOf(start),
          message: 'Write `// => ...` for what is printed, so that it is checked.',
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const { index } of text.matchAll(/\/\/ ?=>/g)) {
    if (!used.has(index)) problems.push({ path, line: lineOf(index), message: '`// =>` must follow a statement.' });
  }

  edits.sort((a, b) => b.start - a.start);
  const edit = (all: string, { start, end, text: put }: (typeof edits)[0]) =>
    all.slice(0, start) + put + all.slice(end);
  return { text: edits.reduce(edit, text), asserted };
}

/** The text after `// =>` on the line where a statement ends, and on lines that begin with `// =>` right below. */
function expectationBehind(text: string, end: number, used: Set<number>): string | undefined {
  const lines: string[] = [];
  let position = end;
  for (let first = true; ; first = false) {
    const pattern = first ? /^[ \t]*\n?[ \t]*\/\/ ?=>/ : /^\n[ \t]*\/\/ ?=>/;
    const [marks] = pattern.exec(text.slice(position)) ?? [];
    if (marks === undefined) break;
    position += marks.length;
    used.add(position - (marks.endsWith('// =>') ? 5 : 4));
    const line = restOfLine(text, position);
    lines.push(line.trim());
    position += line.length;
  }
  return lines.length === 0 ? undefined : lines.join('\n');
}

function restOfLine(text: string, position: number): string {
  const end = text.indexOf('\n', position);
  return text.slice(position, end < 0 ? text.length : end);
}

function isLog(expression: ts.Expression, source: ts.SourceFile): expression is ts.CallExpression {
  return ts.isCallExpression(expression) && expression.expression.getText(source) === 'console.log';
}

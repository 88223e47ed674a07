// Every kind of harm has one place that guards against it (ARCHITECTURE.md, "Guards"). This looks for ways around: code that does the
// guarded thing elsewhere. Whoever needs a new entry here writes down why nothing from a stranger reaches it.
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { type SourceFile, sourcesIn } from './support/sources.js';

/** The command, and what it is made of. */
const cli = [...sourcesIn('apps/cli/src'), ...sourcesIn('packages/experiment/src')];
const libraries = ['core', 'data', 'compiler', 'hard-sharing'].flatMap((name) => sourcesIn(`packages/${name}/src`));
const all = [...cli, ...libraries];

/** Places where `find` answers for a node, as `path: answer`. */
function findIn(files: readonly SourceFile[], find: (node: ts.Node) => string | undefined): string[] {
  return files.flatMap(({ path, text }) => {
    const found = new Set<string>();
    const visit = (node: ts.Node): void => {
      const answer = find(node);
      if (answer !== undefined) found.add(`${path}: ${answer}`);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
    return [...found];
  });
}

const nameOf = (node: ts.Expression): string => {
  if (ts.isIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) ? node.name.text : '';
};

describe('code is loaded through packages/experiment/src/code alone', () => {
  /** Each with why what it loads is ours, or the caller's own. */
  const allowed: Readonly<Record<string, string>> = {
    'packages/experiment/src/code/import-code.ts: import(…)':
      'the place itself; takes what code-places.ts lets through',
    'packages/experiment/src/code/resolve-package.ts: createRequire': 'looks in places of code, for code-places.ts',
    'apps/cli/src/doctor/examine.ts: createRequire': 'our own packages, from this file',
    'apps/cli/src/doctor/probes.ts: createRequire': 'our own packages, from this file',
    'apps/cli/src/doctor/probes.ts: import(…)': 'DuckDB as @polytask/data sees it',
    'packages/experiment/src/run/versions.ts: createRequire': 'manifests of our own packages, from this file',
    'packages/compiler/src/auto.ts: import(…)': 'a package by a constant name, from this file',
    'packages/compiler/src/run/runtime/direct/flush-denormals.ts: load': 'a system library by a constant name',
    'packages/compiler/src/run/runtime/direct/load-direct.ts: createRequire': 'ONNX Runtime, from this file',
    'packages/compiler/src/run/runtime/direct/load-direct.ts: import(…)':
      'a package by a constant name, from this file',
    'packages/compiler/src/run/runtime/direct/onnxruntime-c.ts: load': 'the library that load-direct.ts found',
    'packages/compiler/src/run/runtime/no-telemetry.ts: import(…)': 'a package by a constant name, from this file',
    'packages/compiler/src/run/runtime/no-telemetry.ts: load': 'the C library that the process has already',
    'packages/compiler/src/run/runtime/node.ts: import(…)': 'a package by a constant name, from this file',
    'packages/compiler/src/run/runtime/web.ts: import(…)': 'a package by a constant name, from this file',
    'packages/core/src/node/tfjs-node.ts: createRequire':
      'folders that its caller gives; the command gives places of code',
    'packages/core/src/node/tfjs-node.ts: import(…)': 'the package found so',
    'packages/data/src/node/images/mnist-files.ts: createRequire': 'finds a folder of data, imports nothing',
  };

  const loaders = new Set([
    'createRequire',
    'runInThisContext',
    'runInNewContext',
    'compileFunction',
    'dlopen',
    'eval',
  ]);
  const constructors = new Set(['Function', 'AsyncFunction', 'Worker', 'Script', 'SourceTextModule']);

  it('by nobody else', () => {
    const found = findIn(all, (node) => {
      if (ts.isNewExpression(node) && constructors.has(nameOf(node.expression)))
        return `new ${nameOf(node.expression)}`;
      if (!ts.isCallExpression(node)) return undefined;
      const [argument] = node.arguments;
      const isLiteral = argument !== undefined && ts.isStringLiteralLike(argument);
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return isLiteral ? undefined : 'import(…)';
      const name = nameOf(node.expression);
      if (loaders.has(name)) return name;
      if (name === 'load' && ts.isPropertyAccessExpression(node.expression))
        return /koffi/i.test(node.expression.expression.getText()) ? name : undefined;
      return undefined;
    });
    expect(found.sort()).toEqual(Object.keys(allowed).sort());
  });

  it('and only code-places.ts says that a file may be imported', () => {
    const makers = findIn(cli, (node) =>
      ts.isAsExpression(node) && /\bCodeFile\b/.test(node.type.getText()) ? 'CodeFile' : undefined,
    );
    // The program of another copy lies in a package that code-places.ts found.
    expect(makers.sort()).toEqual([
      'apps/cli/src/code/hand-over.ts: CodeFile',
      'packages/experiment/src/code/code-places.ts: CodeFile',
    ]);
  });

  it('and programs are started by those alone who start our own, or tools of the user', () => {
    const found = findIn(all, (node) =>
      ts.isImportDeclaration(node) &&
      /^'(node:)?(child_process|worker_threads|vm|cluster)'$/.test(node.moduleSpecifier.getText())
        ? node.moduleSpecifier.getText()
        : undefined,
    );
    expect(found.sort()).toEqual([
      "apps/cli/src/doctor/probe.ts: 'node:child_process'",
      "apps/cli/src/native/run-tool.ts: 'node:child_process'",
      // Starts database-process.js, which lies beside it.
      "packages/data/src/node/reading/database-child.ts: 'node:child_process'",
    ]);
  });
});

describe('names from files are held within a folder by `within` alone', () => {
  it("and nobody tells inside from outside by a path's first characters", () => {
    const found = findIn(all, (node) => {
      if (!ts.isCallExpression(node) || nameOf(node.expression) !== 'startsWith') return undefined;
      return /^['"`]\.\./.test(node.arguments[0]?.getText() ?? '') ? 'startsWith(..)' : undefined;
    });
    expect(found.sort()).toEqual(
      [
        // How a path is shown to people.
        'apps/cli/src/errors/author-line.ts: startsWith(..)',
        'packages/experiment/src/run/output-folder.ts: startsWith(..)',
        // A path in a package, from the run file; names with `..` are refused before.
        'packages/experiment/src/parts/table-data.ts: startsWith(..)',
      ].sort(),
    );
  });
});

describe('files are written, moved and removed by few', () => {
  const writers = new Set(
    [
      'appendFile',
      'copyFile',
      'cp',
      'createWriteStream',
      'link',
      'mkdir',
      'mkdtemp',
      'open',
      'rename',
      'rm',
      'rmdir',
      'symlink',
      'truncate',
      'unlink',
      'utimes',
      'writeFile',
      'chmod',
      'lchown',
      'chown',
    ].flatMap((name) => [name, `${name}Sync`]),
  );

  /** In the command: what is imported from `node:fs` for writing, by file. */
  const allowed: Readonly<Record<string, string>> = {
    'packages/experiment/src/config/load-config.ts: open': 'reads the run file',
    'apps/cli/src/native/build-binding.ts: copyFile, rm': "the user's own cache folder",
    'apps/cli/src/native/install.ts: copyFile, mkdir, rename, rm, writeFile': "the user's own cache folder",
    'apps/cli/src/native/step.ts: rename': "the user's own cache folder",
    'apps/cli/src/native/wheel.ts: rm, symlink, writeFile': "the user's own cache folder",
    'apps/cli/src/predict/row-writer.ts: open, rename, rm':
      'the file that --output names, under a name nobody knows before',
    'packages/experiment/src/run/lock.ts: copyFile, link, rm, writeFile':
      'makes files that must not be there yet, removes names',
    'packages/experiment/src/run/output-folder.ts: mkdir': 'the run folder itself, new or empty',
    'packages/experiment/src/run/own-files.ts: rename, rm': 'the place itself',
    'packages/experiment/src/run/write-export.ts: rename, rm':
      'a path that was looked at for links, or that --output names',
    'packages/experiment/src/read-manifest.ts: openSync': 'reads a manifest',
    'packages/core/src/node/make-folder.ts: mkdir': 'makes folders, and nothing else',
    'packages/core/src/node/regular-file.ts: open': 'opens what its caller asks for',
    'packages/core/src/node/write-file-atomic.ts: open, rename, rm': 'under a name that nobody knows before',
  };

  it('and in run folders by own-files.ts alone', () => {
    const core = libraries.filter(({ path }) => path.startsWith('packages/core/'));
    const found = findIn([...cli, ...core], (node) => {
      if (!ts.isImportDeclaration(node) || !/^'(node:)?fs(\/promises)?'$/.test(node.moduleSpecifier.getText()))
        return undefined;
      const bindings = node.importClause?.namedBindings;
      if (bindings === undefined || !ts.isNamedImports(bindings)) return 'all of fs';
      const names = bindings.elements
        .map(({ name, propertyName }) => (propertyName ?? name).text)
        .filter((name) => writers.has(name));
      return names.length === 0 ? undefined : names.sort().join(', ');
    });
    expect(found.sort()).toEqual(Object.keys(allowed).sort());
  });

  it('and open nothing for writing that may be there already, but in the place itself', () => {
    const found = findIn([...cli, ...libraries.filter(({ path }) => path.startsWith('packages/core/'))], (node) => {
      if (
        !ts.isCallExpression(node) ||
        !/^(open|openSync|openRegularFile)$/.test(nameOf(node.expression)) ||
        ts.isPropertyAccessExpression(node.expression)
      )
        return undefined;
      const mode = node.arguments[1]?.getText();
      return mode === undefined || ["'r'", "'wx'"].includes(mode) ? undefined : `open(…, ${mode})`;
    });
    expect(found.sort()).toEqual([
      // What it has just made under a name that nobody knows before.
      "apps/cli/src/predict/row-writer.ts: open(…, 'r+')",
      // For reading, but for own-files.ts, which follows no links.
      'packages/core/src/node/regular-file.ts: open(…, flags | (constants.O_NONBLOCK ?? 0))',
      'packages/experiment/src/read-manifest.ts: open(…, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))',
      'packages/experiment/src/run/own-files.ts: open(…, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY)',
    ]);
  });
});

describe('terminals get what io.ts prints', () => {
  it('and nobody else writes to standard output or standard error', () => {
    const found = findIn(cli, (node) => {
      if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
      const { expression, name } = node.expression;
      if (/^console$/.test(expression.getText())) return `console.${name.text}`;
      const isStream = /(^|\.)(stdout|stderr|stream)$/.test(expression.getText());
      return name.text === 'write' && isStream ? `${expression.getText()}.write` : undefined;
    });
    expect(found.sort()).toEqual([
      // A line of JSON for the parent process.
      'apps/cli/src/doctor/probe-main.ts: process.stdout.write',
      'apps/cli/src/io.ts: stream.write',
      // Predictions are data.
      'apps/cli/src/predict/row-writer.ts: stream.write',
    ]);
  });

  it('and colours come from there too', () => {
    const found = findIn(cli, (node) =>
      ts.isImportDeclaration(node) && node.moduleSpecifier.getText() === "'picocolors'" ? 'picocolors' : undefined,
    );
    expect(found).toEqual(['apps/cli/src/io.ts: picocolors']);
  });
});

// Files are opened in one way, which waits for nobody and has an end; see `packages/core/src/node/regular-file.ts`.
import ts from 'typescript';
import { expect, it } from 'vitest';
import { sourcesIn } from './support/sources.js';

/** Functions of Node that open a file by its name, or make folders without end. */
const openers = ['open', 'openSync', 'openAsBlob', 'readFile', 'readFileSync', 'createReadStream', 'createWriteStream'];

/** Who calls them all the same, and why nothing can be in the way. */
const exceptions: Readonly<Record<string, { readonly [call: string]: string }>> = {
  'packages/experiment/src/config/load-config.ts': {
    open: 'a run file may be a pipe (`<(…)` of a shell), and so much is read of it and no more',
  },
  'apps/cli/src/completion/strategy-names.ts': { readFileSync: 'of the file that the build put beside the program' },
  'apps/cli/src/predict/row-writer.ts': { open: 'makes a file of its own, under a name that nobody knows' },
  'packages/experiment/src/code/code-places.ts': {
    readFileSync: 'of what it has just looked at: a file, and no large one',
  },
  'packages/experiment/src/read-manifest.ts': {
    openSync: 'looks at what it has opened, as `openRegularFile` does; loads before core',
    readFileSync: 'of what it has opened',
  },
  'packages/experiment/src/run/processes.ts': { readFileSync: 'the kernel’s files about processes' },
  'packages/core/src/node/regular-file.ts': { open: 'the one place' },
  'packages/core/src/node/write-file-atomic.ts': { open: 'makes a file of its own, under a name that nobody knows' },
  'packages/data/src/node/reading/csv-head.ts': {
    createWriteStream: 'makes a file in a folder that this process has made',
  },
  'packages/data/src/node/reading/read-rows.ts': {
    createWriteStream: 'makes a file of its own, under a name that nobody knows',
  },
  'packages/data/src/node/rows/draw-rows.ts': { open: 'makes a file in a folder that this process has made' },
  'packages/data/src/node/rows/row-file.ts': { openSync: 'makes a file in a folder that this process has made' },
};

const sources = [...sourcesIn('packages'), ...sourcesIn('apps/cli/src')].filter(({ path }) =>
  /^packages\/[^/]+\/src\/|^apps\/cli\/src\//.test(path),
);

/** Names that a file takes from Node's modules for files, and `fs.name` where it takes the whole module. */
function takenFromFs(path: string, text: string): string[] {
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  return statements.filter(ts.isImportDeclaration).flatMap(({ moduleSpecifier, importClause }) => {
    if (!/^(node:)?fs(\/promises)?$/.test((moduleSpecifier as ts.StringLiteral).text)) return [];
    const bindings = importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return ['the whole module'];
    return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
  });
}

it('opens every file by openRegularFile or readRegularFile', () => {
  const found = sources.flatMap(({ path, text }) =>
    takenFromFs(path, text)
      .filter((name) => openers.includes(name) || name === 'the whole module')
      .filter((name) => exceptions[path]?.[name] === undefined)
      .map((name) => `${path}: ${name}`),
  );
  expect(found).toEqual([]);
});

it('has no exception that is not needed', () => {
  const needed = (path: string) => takenFromFs(path, sources.find((source) => source.path === path)?.text ?? '');
  const stale = Object.entries(exceptions).flatMap(([path, calls]) =>
    Object.keys(calls).flatMap((call) => (needed(path).includes(call) ? [] : [`${path}: ${call}`])),
  );
  expect(stale).toEqual([]);
});

it('makes folders by makeFolder, which ends in /proc too', () => {
  const found = sources.filter(({ text }) => /\bmkdir(Sync)?\([^)]*recursive/.test(text)).map(({ path }) => path);
  expect(found).toEqual([]);
});

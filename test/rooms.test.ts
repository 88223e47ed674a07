// The rules of the house that a compiler cannot see: who may import whom, and what a package must hold.
import { existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { publicPackages } from '../scripts/packages.mjs';
import { root } from '../scripts/run.mjs';
import { sourcesIn } from './support/sources.js';

const tfjs = '@tensorflow/tfjs';
const core = '@polytask/core';

/** Rooms that run in Node only. Everything else must load in a browser. */
const nodeRooms = ['packages/core/src/node/', 'packages/data/src/node/'];

/** Executors have a sub-path of core. */
const compiler = 'packages/compiler';

/** Puts all packages together for a run; in Node only. */
const experiment = 'packages/experiment';

/**
 * Core knows no method by name, in comments either: what it says must hold for every strategy. Spaces, hyphens and
 * camel case between the words of a name are all found.
 */
const strategyNames = [
  ...['hard sharing', 'hard parameter sharing', 'soft sharing', 'soft parameter sharing', 'cross stitch', 'sluice'],
  ...['nddr', 'mtan', 'mmoe', 'multi gate', 'cgc', 'ple', 'dselect', 'shared private'],
  ...['uncertainty weighting', 'dwa', 'dynamic weight average', 'rlw', 'random loss weighting', 'gls', 'famo', 'stch'],
  ...['imtl', 'mgda', 'pcgrad', 'cagrad', 'gradnorm', 'grad norm', 'graddrop', 'gradvac', 'nash mtl', 'aligned mtl'],
  ...['upgrad', 'fairgrad', 'sdmgrad', 'modo', 'moco', 'dualproj', 'config grad', 'excess mtl', 'go4align', 'db mtl'],
];
const strategyName = new RegExp(
  `\\b(${strategyNames.map((name) => name.replaceAll(' ', '[\\s-]*')).join('|')})\\b`,
  'gi',
);

const libraries = publicPackages().filter(({ folder }) => dirname(folder) === join(root, 'packages'));
const folderOf = (folder: string) => `packages/${folder.slice(dirname(folder).length + 1)}`;

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier);

function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Why a file may not import this, or nothing if it may. */
function refusal(path: string, specifier: string, home: string, dependencies: string[]): string | undefined {
  if (specifier.startsWith('.')) {
    if (!posix.join(posix.dirname(path), specifier).startsWith(`${home}/src/`)) return 'leaves its own src';
    return specifier.endsWith('.js') ? undefined : 'must end in .js';
  }
  const inNodeRoom = home === experiment || nodeRooms.some((room) => path.startsWith(room));
  if (isBuiltin(specifier)) {
    if (!inNodeRoom) return 'belongs to Node';
    return specifier.startsWith('node:') ? undefined : 'must be written with node:';
  }
  const name = packageOf(specifier);
  if (home === experiment) return dependencies.includes(name) ? undefined : 'is not a declared dependency';
  if (name === tfjs) return specifier === tfjs ? undefined : 'reaches into tfjs';
  if (path.startsWith('packages/core/src/testing/')) return 'is neither tfjs nor our own: the kit needs nothing else';
  if (name === core && home !== 'packages/core') {
    const allowed = [
      core,
      ...(inNodeRoom ? [`${core}/node`] : []),
      ...(home === compiler ? [`${core}/executors`] : []),
    ];
    return allowed.includes(specifier) ? undefined : 'is not for strategies';
  }
  if (name.startsWith('@polytask/')) return 'is another plugin';
  return dependencies.includes(name) ? undefined : 'is not a declared dependency';
}

describe.each(libraries)('$name', ({ folder, manifest, name }) => {
  const home = folderOf(folder);
  const sources = sourcesIn(`${home}/src`);
  const peers = Object.keys(manifest.peerDependencies ?? {});
  const own = { ...manifest.dependencies, ...manifest.optionalDependencies };
  const dependencies = [...Object.keys(own), ...peers];

  it('imports only what its room allows', () => {
    const refused = sources.flatMap(({ path, text }) =>
      importsOf(text).flatMap((specifier) => {
        const reason = refusal(path, specifier, home, dependencies);
        return reason ? [`${path}: ${specifier} ${reason}`] : [];
      }),
    );
    expect(refused).toEqual([]);
  });

  it('re-exports by name only from its index files', () => {
    const indexes = sources.filter(({ path }) => path.endsWith('/index.ts'));
    const offending = indexes.flatMap(({ path, text }) =>
      ts
        .createSourceFile(path, text, ts.ScriptTarget.Latest)
        .statements.filter(
          (statement) =>
            !(ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)),
        )
        .map((statement) => `${path}: ${text.slice(statement.pos, statement.end).trim().split('\n')[0]}`),
    );
    expect(offending).toEqual([]);
  });

  it('has peers that keep one tfjs and one core in a program', () => {
    expect(peers).toContain(tfjs);
    expect(manifest.dependencies ?? {}).not.toHaveProperty(tfjs);
    if (name !== core) expect(manifest.peerDependencies?.[core]).toBe('>=0.1.0 <1');
  });
});

/** The lines of a source; those within the fences of doc comments are empty. */
function withoutExamples(text: string): string[] {
  let inside = false;
  return text.split('\n').map((line) => {
    const fence = /^\s*\*\s*```/.test(line);
    if (fence) inside = !inside;
    return inside || fence ? '' : line;
  });
}

describe('packages/core', () => {
  it('depends on very little', () => {
    const { manifest } = libraries.find(({ name }) => name === core) ?? {};
    expect(Object.keys(manifest?.dependencies ?? {}).sort()).toEqual(['fastest-levenshtein', 'pure-rand']);
    expect(Object.keys(manifest?.peerDependencies ?? {})).toEqual([tfjs]);
  });

  // Examples in doc comments show core at work, and core does not work alone: these may name published packages.
  it('names no strategy outside examples', () => {
    const found = sourcesIn('packages/core/src').flatMap(({ path, text }) =>
      withoutExamples(text).flatMap((line, index) => {
        const names = line.match(strategyName);
        return names ? [`${path}:${index + 1}: ${names.join(', ')}`] : [];
      }),
    );
    expect(found).toEqual([]);
  });
});

describe.each(publicPackages())('$name', ({ folder, manifest }) => {
  it('has the files of every package', () => {
    const required = ['README.md', 'LICENSE', 'tsconfig.json', 'tsup.config.ts', 'src'];
    expect(required.filter((file) => !existsSync(join(folder, file)))).toEqual([]);
  });

  it('has one exports map, sources first', () => {
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect(Object.keys(target), entry).toEqual(['polytask:source', 'types', 'default']);
      expect(existsSync(join(folder, target['polytask:source'] ?? '')), `${entry} in src`).toBe(true);
    }
    expect(manifest).toMatchObject({ type: 'module', license: 'MIT', sideEffects: false, files: ['dist', 'src'] });
    expect(manifest).toMatchObject({ engines: { node: '>=20.19' } });
  });
});

// The entry points of core, of the data, of the strategies and of the compiler load in a browser.
import { join, relative } from 'node:path';
import vm from 'node:vm';
import { type BuildResult, build } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';
import { root } from '../scripts/run.mjs';

const entries = ['@polytask/core', '@polytask/data', '@polytask/hard-sharing', '@polytask/compiler'];

let bundle: BuildResult<{ metafile: true; write: false }>;

beforeAll(async () => {
  const imports = entries.map((name, index) => `import * as entry${index} from '${name}';`);
  const names = entries.map((name, index) => `'${name}': entry${index}`);
  bundle = await build({
    // The examples depend on every package, so all can be found from their folder.
    stdin: {
      contents: `${imports.join('\n')}\nexport default { ${names.join(', ')} };`,
      resolveDir: join(root, 'examples'),
    },
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'polytask',
    target: 'es2022',
    conditions: ['polytask:source'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
});

it('pulls nothing of Node into the bundle', () => {
  const files = Object.entries(bundle.metafile.inputs);
  const ours = files.filter(([path]) => path.startsWith('packages/'));
  expect(ours.length).toBeGreaterThan(0);
  expect(ours.filter(([path]) => /^packages\/\w+\/src\/node\//.test(path))).toEqual([]);
  // A builtin that esbuild cannot give to a browser stays external or becomes an empty module.
  const ofNode = ({ path, external }: { path: string; external?: boolean }) =>
    external || path.startsWith('(disabled)');
  expect(ours.flatMap(([path, { imports }]) => imports.filter(ofNode).map((used) => `${path}: ${used.path}`))).toEqual(
    [],
  );
  expect(Object.values(bundle.metafile.outputs).flatMap((output) => output.imports)).toEqual([]);
});

it('loads with what a browser has, and without what Node has', () => {
  const page = {
    ...{ console, performance, fetch, URL, TextEncoder, TextDecoder, AbortController, AbortSignal, Blob, crypto },
    ...{ setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, structuredClone },
    document: { createElement: () => ({ getContext: () => null, addEventListener: () => {} }) },
    navigator: { userAgent: 'test' },
    location: { href: 'http://localhost/', search: '' },
  };
  const context = vm.createContext({ ...page });
  vm.runInContext('globalThis.window = globalThis; globalThis.self = globalThis;', context);
  for (const file of bundle.outputFiles) {
    vm.runInContext(file.text, context, { filename: relative(root, file.path) });
  }
  const loaded = vm.runInContext('polytask.default', context);
  expect(Object.keys(loaded)).toEqual(entries);
});

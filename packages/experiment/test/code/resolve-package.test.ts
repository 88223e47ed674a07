import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { packageFolder, resolveInstalled } from '../../src/code/resolve-package.js';

const manifest = (content: object) => JSON.stringify({ version: '1.0.0', ...content });

const folder = () =>
  folderWith({
    'runs/deep/run.yaml': '',
    'own.mjs': '',
    'node_modules/@acme/esm/package.json': manifest({
      exports: {
        '.': { types: './x.d.ts', import: './main.mjs', require: './main.cjs' },
        './sub': ['./no.txt', './sub.mjs'],
        './gone': './gone.mjs',
      },
    }),
    'node_modules/@acme/esm/main.mjs': '',
    'node_modules/@acme/esm/main.cjs': '',
    'node_modules/@acme/esm/no.txt': '',
    'node_modules/old/package.json': manifest({ main: 'lib/old.js' }),
    'node_modules/old/lib/old.js': '',
    'node_modules/old/other.js': '',
    'node_modules/plain/package.json': manifest({}),
    'node_modules/plain/index.js': '',
    'node_modules/conditions/package.json': manifest({ exports: { node: { browser: './b.js', default: './n.js' } } }),
    'node_modules/conditions/n.js': '',
    'node_modules/closed/package.json': manifest({ exports: { './only': './only.js' } }),
    'node_modules/escape/package.json': manifest({ exports: '../../own.mjs' }),
  });

describe('resolveInstalled', () => {
  it('finds what `import` would, from a folder upwards', () => {
    const root = folder();
    const from = join(root, 'runs/deep');
    const found = (specifier: string) => resolveInstalled(specifier, from)?.slice(root.length + 1);
    expect(found('@acme/esm')).toBe('node_modules/@acme/esm/main.mjs');
    expect(found('@acme/esm/sub')).toBe('node_modules/@acme/esm/no.txt');
    expect(found('old')).toBe('node_modules/old/lib/old.js');
    expect(found('old/other.js')).toBe('node_modules/old/other.js');
    expect(found('plain')).toBe('node_modules/plain/index.js');
    expect(found('conditions')).toBe('node_modules/conditions/n.js');
  });

  it.each([
    ...['nobody', '@acme/nobody', '@acme/esm/nothing', '@acme/esm/gone', 'closed', 'escape'],
    ...[
      '..',
      '.',
      '@acme/..',
      '@acme/../..',
      '@../@acme',
      'plain/../../own.mjs',
      'plain/./index.js',
      '/own.mjs',
      'fs',
      'node:fs',
    ],
    ...['data:text/javascript,1', 'file:///own.mjs', '@acme', 'plain/..', 'plain\\..\\own.mjs', ''],
  ])('does not find %s', (specifier) => {
    expect(resolveInstalled(specifier, folder())).toBeUndefined();
  });
});

describe('packageFolder', () => {
  it('takes the nearest', () => {
    const root = folder();
    expect(packageFolder('old', join(root, 'runs'))).toBe(join(root, 'node_modules/old'));
    mkdirSync(join(root, 'runs/node_modules/old'), { recursive: true });
    expect(packageFolder('old', join(root, 'runs')), 'a folder without a manifest is none').toBe(
      join(root, 'node_modules/old'),
    );
    expect(packageFolder('nobody', root)).toBeUndefined();
  });
});

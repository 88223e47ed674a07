import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { authorLine } from '../../src/errors/author-line.js';

const stack = (...frames: string[]) => ({
  stack: ['TypeError: no', ...frames.map((frame) => `    at ${frame}`)].join('\n'),
});

it('is the innermost one that is neither ours nor of what computes', () => {
  const frames = [
    'Object.sum (/home/me/node_modules/@tensorflow/tfjs-core/dist/tf-core.node.js:20:3)',
    'loss (file:///home/me/project/parts.mjs:12:7)',
    'run (/home/me/project/node_modules/@polytask/core/dist/index.js:2:8)',
    'async fit (/home/me/project/main.mjs:1:1)',
  ];
  expect(authorLine(stack(...frames), '/home/me/project')).toBe('parts.mjs:12:7');
  expect(authorLine(stack(...frames), '/home/you')).toBe('/home/me/project/parts.mjs:12:7');
  expect(authorLine(stack('node:internal/main:1:1', 'async /home/me/a b/x.mjs:3:4'), '/home/me')).toBe('a b/x.mjs:3:4');
  expect(authorLine(stack('node:internal/main:1:1'), '/')).toBeUndefined();
  expect(authorLine({}, '/')).toBeUndefined();
});

it('is the line that its author wrote where there is a source map', () => {
  // Line 3, column 1 of what runs is line 11 of what was written.
  const map = { version: 3, sources: ['author.ts'], names: [], mappings: ';;AAUA' };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  const cwd = folderWith({});
  writeFileSync(
    join(cwd, 'built.mjs'),
    `export const fail = () => {\n// compiled\nnull.x; };\n//# sourceMappingURL=${url}\n`,
  );
  const program =
    "process.setSourceMapsEnabled(true); const { fail } = await import('./built.mjs'); try { fail(); } catch (error) { console.log(error.stack); }";
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd, encoding: 'utf8' });
  expect(authorLine({ stack: told }, cwd)).toMatch(/author\.ts:11:1$/);
});

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '@polytask/core/node';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

/** `folder` with files and links, beside a file that is none of its business. */
function folders(): { root: string; folder: string } {
  const root = mkdtempSync(join(tmpdir(), 'polytask-within-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'folder');
  mkdirSync(join(folder, '..x/deep'), { recursive: true });
  mkdirSync(join(root, 'folder-2'));
  for (const file of ['secret', 'folder-2/secret', 'folder/a.png', 'folder/..y.png', 'folder/..x/deep/b.png']) {
    writeFileSync(join(root, file), file);
  }
  symlinkSync('a.png', join(folder, 'alias.png'));
  symlinkSync('../secret', join(folder, 'out.png'));
  symlinkSync('..', join(folder, 'up'));
  symlinkSync('../gone', join(folder, 'nowhere'));
  symlinkSync('round', join(folder, 'round'));
  symlinkSync('folder', join(root, 'link'));
  return { root, folder };
}

describe('within', () => {
  it.each(['a.png', './a.png', '..y.png', '..x/deep/b.png', '..x/../a.png', 'alias.png', 'not/yet.png', ''])(
    'takes %j',
    (name) => {
      const { root, folder } = folders();
      expect(within(folder, name)).toBe(join(folder, name).replace(/\/$/, ''));
      expect(within(join(root, 'link'), name)).toBe(join(root, 'link', name).replace(/\/$/, ''));
    },
  );

  it.each([
    ...['..', '../secret', '../folder-2/secret', '..x/../../secret', '/etc/passwd', '/proc/self/cwd/secret', 'a\0b'],
    ...['out.png', 'up', 'up/secret', 'up/folder-2/new', 'nowhere', 'round', 'round/x', 'a.png/x'],
  ])('refuses %j', (name) => {
    const { folder } = folders();
    expect(() => within(folder, name)).toThrow(expect.objectContaining({ code: 'POLYTASK_PATH_OUTSIDE' }));
  });

  it('leads nowhere else, whatever the name is', () => {
    const { folder } = folders();
    const part = fc.constantFrom('..', '.', '', 'a.png', '..x', 'deep', 'up', 'out.png', '...', '.. ', 'folder');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join('/');
        let path: string;
        try {
          path = within(folder, name);
        } catch {
          return;
        }
        expect(`${path}/`.startsWith(`${folder}/`)).toBe(true);
        if (existsSync(path)) expect(`${realpathSync(path)}/`.startsWith(`${realpathSync(folder)}/`)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

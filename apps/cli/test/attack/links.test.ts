// Nothing is written, replaced or removed through a link in a run folder that came from elsewhere.
import { cpSync, linkSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { forgeDocument, polytask, trainedOnce } from '../helpers/stranger.js';

let whole: string;
beforeAll(async () => {
  const { cwd, remove } = await trainedOnce();
  whole = cwd;
  return remove;
}, 60_000);

/** A run that seems to have been stopped in its first epoch, beside a home. */
function stopped(): string {
  const cwd = folderWith({ 'home/mine/notes.txt': 'mine' });
  cpSync(whole, cwd, { recursive: true });
  forgeDocument(join(cwd, 'run-1'), (document) => {
    document.status = 'running';
    document.file = join(cwd, 'run.yaml');
    delete document.joint;
  });
  return cwd;
}

const contents = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [
      join(entry.parentPath, entry.name),
      readFileSync(join(entry.parentPath, entry.name)).toString('base64'),
    ])
    .sort();

const resume = ['train', '--resume', 'run-1', '-q'];

describe('--resume', () => {
  it.each(['metrics.jsonl', 'model.safetensors', 'checkpoints', 'checkpoints/joint', 'checkpoints/single-task-1'])(
    'writes nothing where %s is a link (F7)',
    async (name) => {
      for (const target of ['home/new', 'home/mine', 'home/mine/notes.txt']) {
        const cwd = stopped();
        forgeDocument(join(cwd, 'run-1'), ({ given }) => {
          (given.tasks as object[])[1] = { name: '$(touch PWNED)', type: 'binary', column: 'big' };
        });
        for (const path of ['metrics.jsonl', 'model.safetensors']) rmSync(join(cwd, 'run-1', path));
        rmSync(join(cwd, 'run-1', name), { recursive: true, force: true });
        symlinkSync(join(cwd, target), join(cwd, 'run-1', name));
        const before = contents(join(cwd, 'home'));
        const { code, stderr } = await polytask(cwd, resume);
        expect([code, stderr]).toEqual([2, expect.stringContaining(`run-1/${name}: this must be`)]);
        expect(contents(join(cwd, 'home'))).toEqual(before);
        expect(readdirSync(join(cwd, 'run-1')).filter((entry) => /lock|tmp/.test(entry))).toEqual([]);
      }
    },
  );

  it("leaves another run's checkpoints alone (F8)", async () => {
    const cwd = stopped();
    cpSync(join(cwd, 'run-1'), join(cwd, 'mine'), { recursive: true });
    rmSync(join(cwd, 'run-1/checkpoints/joint'), { recursive: true });
    symlinkSync('../../mine/checkpoints/joint', join(cwd, 'run-1/checkpoints/joint'));
    const before = contents(join(cwd, 'mine'));
    expect((await polytask(cwd, resume)).code).toBe(2);
    expect(contents(join(cwd, 'mine'))).toEqual(before);
  });

  it('removes no folder of mine when a comparison is over (F8)', async () => {
    const cwd = stopped();
    writeFileSync(join(cwd, 'home/single-task-1'), 'mine');
    rmSync(join(cwd, 'run-1/checkpoints'), { recursive: true });
    symlinkSync('../home', join(cwd, 'run-1/checkpoints'));
    forgeDocument(join(cwd, 'run-1'), ({ given }) => {
      given.compare = 'single-task';
    });
    const before = contents(join(cwd, 'home'));
    expect((await polytask(cwd, resume)).code).toBe(2);
    expect(contents(join(cwd, 'home'))).toEqual(before);
  });

  it('still goes on where the whole run folder is reached by a link, and metrics have two names', async () => {
    const cwd = stopped();
    symlinkSync('run-1', join(cwd, 'latest'));
    linkSync(join(cwd, 'run-1/metrics.jsonl'), join(cwd, 'copy.jsonl'));
    const copied = readFileSync(join(cwd, 'copy.jsonl'), 'utf8');
    const { code, stderr } = await polytask(cwd, ['train', '--resume', 'latest', '-q']);
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(cwd, 'copy.jsonl'), 'utf8')).toBe(copied);
  });
});

describe('export', () => {
  it.each([
    ['tfjs', 'tfjs', 'home/mine'],
    ['onnx', 'model.onnx', 'home/new.txt'],
  ])('as %s goes through no link in the run folder', async (format, name, target) => {
    const cwd = stopped();
    symlinkSync(join('..', target), join(cwd, 'run-1', name));
    const before = contents(join(cwd, 'home'));
    for (const more of [[], ['--force']]) {
      const { code, stderr } = await polytask(cwd, ['export', 'run-1', '-f', format, ...more]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(`run-1/${name}`)]);
    }
    expect(contents(join(cwd, 'home'))).toEqual(before);
  });
});

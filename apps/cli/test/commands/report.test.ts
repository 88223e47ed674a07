import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finishedRun, polytask } from '../helpers/finished-run.js';

let finished: Awaited<ReturnType<typeof finishedRun>>;
beforeAll(async () => {
  finished = await finishedRun();
});
afterAll(() => finished.remove());

describe('polytask report', () => {
  it('writes a page with curves, answers, data and configuration, and again only under --force', async () => {
    const cwd = finished.copy();
    const { code, stdout, stderr } = await polytask(cwd, 'report', 'r');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Report of r: r\/report\.html \(\d+ kB\)\n$/);
    const html = readFileSync(join(cwd, 'r/report.html'), 'utf8');
    for (const title of ['Results', 'Learning curves', 'Confusions', 'Predicted against true', 'Data', 'Configuration'])
      expect(html).toContain(`<h2><bdi>${title}</bdi></h2>`);
    expect(html.match(/<svg /g)?.length).toBeGreaterThan(6);
    const again = await polytask(cwd, 'report', 'r');
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--force replaces it')]);
    expect((await polytask(cwd, 'report', 'r', '--force')).code).toBe(0);
    expect(readFileSync(join(cwd, 'r/report.html'), 'utf8')).toBe(html);
  });

  it('shows runs side by side, and leaves out what cannot be had, with the reason', async () => {
    const [cwd, other] = [finished.copy(), finished.copy()];
    rmSync(join(other, 't.csv'));
    const document = join(other, 'r/run.json');
    writeFileSync(
      document,
      readFileSync(document, 'utf8').replace(/"file": ".*"/, `"file": "${join(other, 'run.yaml')}"`),
    );
    const { code, stdout } = await polytask(cwd, 'report', 'r', join(other, 'r'), '--json', '-o', 'both.html');
    expect(code).toBe(0);
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({
      status: 'done',
      leftOut: [{ run: join(other, 'r'), reason: expect.stringContaining('t.csv') }],
    });
    const html = readFileSync(join(cwd, 'both.html'), 'utf8');
    expect(html).toContain('Answers for the test rows');
    expect(html).toContain('All runs have the same rows.');
  });

  it('writes pictures as PNG files', async () => {
    const cwd = finished.copy();
    const { code, stdout, stderr } = await polytask(cwd, 'report', 'r', '--png', 'pictures');
    if (code === 2 && stderr.includes('no font is installed')) return;
    expect([code, stderr]).toEqual([0, '']);
    const names = readdirSync(join(cwd, 'pictures'));
    expect(stdout).toContain(`Pictures: ${names.length} in pictures`);
    expect(names[0]).toBe('01-price-loss.png');
    for (const name of names)
      expect(
        readFileSync(join(cwd, 'pictures', name))
          .subarray(1, 4)
          .toString(),
      ).toBe('PNG');
  });

  it('refuses what it cannot do before anything is written', async () => {
    const cwd = finished.copy();
    mkdirSync(join(cwd, 'empty'));
    const told = async (...args: string[]) => {
      const { code, stderr } = await polytask(cwd, 'report', ...args);
      expect(code).toBe(2);
      return stderr.split('\n')[0];
    };
    expect(await told('empty')).toMatch(/no run\.json in this folder/);
    expect(await told('r', './r')).toBe('./r: this run is named twice; name every run once');
    expect(await told('r', '-o', 'page.txt')).toBe('--output page.txt: the name must end in .html');
    writeFileSync(join(cwd, 'mine'), 'mine');
    symlinkSync('../mine', join(cwd, 'r/report.html'));
    expect(await told('r', '--force')).toMatch(/nothing is written or removed through links/);
    expect(readFileSync(join(cwd, 'mine'), 'utf8')).toBe('mine');
    expect(existsSync(join(cwd, 'report.html'))).toBe(false);
  });
});

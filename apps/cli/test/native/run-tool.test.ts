import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NativeError } from '../../src/native/native-error.js';
import { requireSuccess, runTool } from '../../src/native/run-tool.js';

const node = (program: string) => ({ command: process.execPath, args: ['-e', program] });
const signal = new AbortController().signal;

describe('runTool', () => {
  it('gives the exit code, standard output, and the last lines of both streams', async () => {
    const program = 'console.log("out"); console.error("err"); process.exit(3)';
    const result = await runTool({ ...node(program), signal });
    expect(result).toMatchObject({ code: 3, stdout: 'out\n' });
    expect(result.tail.split('\n').sort()).toEqual(['err', 'out']);
  });

  it('says why a program could not be started', async () => {
    const result = await runTool({ command: 'polytask-no-such-program', args: [], signal });
    expect(result.problem).toContain('ENOENT');
  });

  it('kills a program that takes too long', async () => {
    const result = await runTool({ ...node('setInterval(() => {}, 1000)'), signal, timeout: 300 });
    expect(result).toMatchObject({ code: null, problem: 'no end after 0.3 s' });
  });

  it('kills what a program has started, too, when it is stopped', async () => {
    const inner = 'setInterval(() => {}, 1000)';
    const program = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'ignore' });
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const controller = new AbortController();
    const running = runTool({ ...node(program), signal: controller.signal });
    const timer = setTimeout(() => controller.abort(), 1500);
    const { problem, stdout } = await running;
    clearTimeout(timer);
    expect(problem).toBe('stopped');
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

describe('requireSuccess', () => {
  it('tells what a program said before it failed', () => {
    requireSuccess({ code: 0, stdout: '', tail: '' }, 'what', 'advice');
    const fail = () => requireSuccess({ code: 2, stdout: '', tail: 'one\ntwo' }, 'pip failed', 'Do this.');
    expect(fail).toThrow(NativeError);
    expect(fail).toThrow('pip failed:\n  one\n  two\nDo this.');
  });
});

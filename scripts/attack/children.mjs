// Processes in which cases run, watched: one that hangs, or takes too much memory or disk, is ended.
import { fork, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Limits
 * @property {number} seconds until a command that has not ended counts as hung
 * @property {number} memory bytes
 * @property {number} disk bytes
 *
 * @typedef {{ args: string[], cwd: string, root: string, env?: Record<string, string>, stdin?: Buffer, endless?: boolean }} Command
 * @typedef {import('./judge.mjs').Ended} Ended
 */

const workerFile = fileURLToPath(new URL('worker.mjs', import.meta.url));

/**
 * The environment of a process whose home and temporary files are its own.
 * @param {string} litter
 * @param {Record<string, string>} more
 */
function environment(litter, more = {}) {
  for (const name of ['home', 'tmp']) mkdirSync(join(litter, name), { recursive: true });
  // Nothing of the surroundings may decide how a case ends.
  const { PATH = '', LANG = '' } = process.env;
  return { PATH, LANG, HOME: join(litter, 'home'), TMPDIR: join(litter, 'tmp'), NO_COLOR: '1', ...more };
}

/** @param {string} litter */
export function sweep(litter) {
  rmSync(litter, { recursive: true, force: true });
  for (const name of ['home', 'tmp']) mkdirSync(join(litter, name), { recursive: true });
}

/**
 * Runs the program once in a process of its own.
 * @param {string} program
 * @param {string} litter
 * @param {Command} command
 * @param {Limits} limits
 * @returns {Promise<Ended>}
 */
export function runAlone(program, litter, { args, cwd, root, env, stdin, endless = false }, limits) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: environment(litter, { ...env, POLYTASK_CACHE: join(root, 'cache') }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  const output = collect(child);
  const watch = watchChild(child, root, limits);
  const interrupt = endless ? setTimeout(() => child.kill('SIGINT'), (limits.seconds * 1000) / 4) : undefined;
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(interrupt);
      resolve({ code, signal, ...output(), ...watch.end() });
    });
  });
}

/**
 * A process that runs one command after the other, and is replaced when one has ended it.
 * @param {string} program
 * @param {string} litter
 * @param {Limits} limits
 */
export function startWorker(program, litter, limits) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  let cases = 0;
  const begin = () => {
    cases = 0;
    const started = fork(workerFile, [program], {
      execArgv: [],
      env: environment(litter),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    started.on('error', () => {});
    return started;
  };
  return {
    /**
     * @param {Command} command
     * @returns {Promise<Ended>}
     */
    async run({ args, cwd, root, env }) {
      child ??= begin();
      const worker = child;
      const output = collect(worker);
      const watch = watchChild(worker, root, limits);
      /** @type {Ended & { memory?: number }} */
      const ended = await new Promise((resolve) => {
        const onMessage = (/** @type {any} */ { code, stdout, stderr, uncaught, memory }) => {
          worker.off('exit', onExit);
          const raw = output();
          const error = uncaught === undefined ? {} : { uncaught };
          resolve({ code, signal: null, stdout: stdout + raw.stdout, stderr: stderr + raw.stderr, memory, ...error });
        };
        const onExit = (/** @type {number | null} */ code, /** @type {string | null} */ signal) => {
          worker.off('message', onMessage);
          child = undefined;
          // A program that ends the process has ended it with a code.
          resolve({ code, signal, ...output() });
        };
        worker.once('message', onMessage);
        worker.once('exit', onExit);
        worker.send({ args, cwd, env: { ...env, POLYTASK_CACHE: join(root, 'cache') } });
      });
      const { memory = 0, ...rest } = ended;
      const stopped = watch.end();
      // What earlier cases left in memory must not be counted against later ones.
      if (++cases >= 250 || memory > limits.memory / 3) this.end();
      return { ...rest, ...stopped };
    },
    end() {
      child?.removeAllListeners('exit');
      child?.kill('SIGKILL');
      child = undefined;
    },
  };
}

/**
 * What a process writes from now on; its beginning, where it writes without end.
 * @param {import('node:child_process').ChildProcess} child
 */
function collect(child) {
  const text = { stdout: '', stderr: '' };
  const stop = /** @type {const} */ (['stdout', 'stderr']).map((stream) => {
    const onData = (/** @type {Buffer} */ chunk) => {
      if (text[stream].length < 2 ** 24) text[stream] += chunk.toString();
    };
    child[stream]?.on('data', onData);
    return () => child[stream]?.off('data', onData);
  });
  return () => {
    for (const end of stop) end();
    return text;
  };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} root
 * @param {Limits} limits
 */
function watchChild(child, root, limits) {
  const clock = ownClock(child.pid);
  /** @type {Ended['stopped']} */
  let stopped;
  const timer = setInterval(() => {
    const seconds = clock();
    if (seconds > limits.seconds) stopped = 'hung';
    else if (memoryOf(child.pid) > limits.memory) stopped = 'memory';
    else if (seconds > limits.seconds / 5 && sizeOf(root) > limits.disk) stopped = 'disk';
    if (stopped !== undefined) child.kill('SIGKILL');
  }, 200);
  return {
    end() {
      clearInterval(timer);
      return stopped === undefined ? {} : { stopped };
    },
  };
}

/**
 * Seconds that a process and those that it started have worked or slept, as far as the system says it: not those in which others had
 * the processor.
 * @param {number | undefined} pid
 */
function ownClock(pid) {
  const began = performance.now();
  let [seconds, wall, work] = [0, began, timesOf(pid)?.work ?? 0];
  return () => {
    const now = performance.now();
    const times = timesOf(pid);
    if (times === undefined) return (now - began) / 1000;
    const [passed, worked] = [(now - wall) / 1000, Math.max(0, times.work - work)];
    seconds += times.sleeps && worked < passed / 10 ? passed : Math.min(worked, passed);
    [wall, work] = [now, times.work];
    return seconds;
  };
}

/** Of a process and those that it started, all together. @param {number | undefined} pid */
function timesOf(pid) {
  const all = familyOf(pid).flatMap((one) => {
    // The name of the program comes before, in brackets, and may hold anything.
    const fields = textOf(`/proc/${one}/stat`).split(') ').at(-1)?.split(' ') ?? [];
    // Its own work, and that of those that have ended.
    const work = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) / 100;
    return Number.isNaN(work) ? [] : [{ sleeps: fields[0] !== 'R', work }];
  });
  if (all.length === 0) return undefined;
  return { sleeps: all.every(({ sleeps }) => sleeps), work: all.reduce((sum, { work }) => sum + work, 0) };
}

/** Bytes that a process and those that it started have in memory, where the system says it in a file. @param {number | undefined} pid */
function memoryOf(pid) {
  return familyOf(pid).reduce((sum, one) => sum + Number(textOf(`/proc/${one}/statm`).split(' ')[1] ?? 0) * 4096, 0);
}

/** A process and those that it started. @param {number | undefined} pid @returns {number[]} */
function familyOf(pid) {
  if (pid === undefined) return [];
  const children = textOf(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(familyOf)];
}

/** Nothing where there is no such file, or none any more. @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} folder */
function sizeOf(folder) {
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  } catch {
    return 0; // Something has gone meanwhile; the next look will tell.
  }
}

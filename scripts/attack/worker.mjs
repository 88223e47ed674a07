// Runs the program again and again within one process, since starting it takes longer than most cases.
//   node worker.mjs <program>; the cases come over the channel to the parent
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const program = /** @type {string} */ (process.argv[2]);
let runs = 0;
/** @type {string | undefined} */
let uncaught;
const note = (/** @type {unknown} */ error) => {
  uncaught ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
};
process.on('uncaughtException', note);
process.on('unhandledRejection', note);

/** A stream that keeps what is written, in place of standard output. */
function keeper() {
  /** @type {Buffer[]} */
  const chunks = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

process.on(
  'message',
  async (/** @type {{ args: string[], cwd: string, env: Record<string, string> }} */ { args, cwd, env }) => {
    const [stdout, stderr] = [keeper(), keeper()];
    Object.defineProperty(process, 'stdout', { value: stdout.stream, configurable: true });
    Object.defineProperty(process, 'stderr', { value: stderr.stream, configurable: true });
    Object.assign(process.env, env);
    process.chdir(cwd);
    process.argv = [process.execPath, program, ...args];
    process.exitCode = undefined;
    uncaught = undefined;
    // Every question mark is another module: the program begins anew, what it imports is kept.
    await import(`${pathToFileURL(program).href}?run=${runs++}`).catch(note);
    // What the program began and did not wait for may still fail.
    await new Promise((resolve) => setImmediate(resolve));
    const code = Number(process.exitCode ?? 0);
    process.exitCode = undefined;
    for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name);
    process.send?.({ code, stdout: stdout.text(), stderr: stderr.text(), uncaught, memory: process.memoryUsage().rss });
  },
);

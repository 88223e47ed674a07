// Stands in for the command, and does what must never happen.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const secret = () => readFileSync('../outside/secret.txt');

/** @type {Record<string, () => unknown>} */
const ways = {
  // What the tool makes its material with.
  train: () => {
    mkdirSync('done');
    writeFileSync('done/run.json', '{}');
  },
  predict: () => writeFileSync('p.parquet', ''),
  behave: () => process.stdout.write('done\n'),
  'import-a-trap': () => createRequire(import.meta.url)(join(process.cwd(), '../outside/evil.cjs')),
  'print-the-secret': () => process.stdout.write(secret()),
  'copy-the-secret': () => writeFileSync('../cache', secret()),
  'copy-the-secret-as-numbers': () => writeFileSync('../cache', new Uint8Array(Float32Array.from(secret()).buffer)),
  'write-outside': () => appendFileSync('../outside/precious/thesis.txt', 'x'),
  'write-through-a-link': () => {
    mkdirSync('../cache');
    symlinkSync('../outside/new', '../cache/link');
    writeFileSync('../cache/link', 'x');
  },
  'remove-look-alikes': () => rmSync('home/removing-old-code', { recursive: true }),
  litter: () => writeFileSync(join(tmpdir(), 'left.log'), ''),
  throw: () => {
    throw new Error('on purpose');
  },
  'throw-later': () =>
    setImmediate(() => {
      throw new Error('on purpose');
    }),
  abort: () => process.kill(process.pid, 'SIGSEGV'),
  'print-a-stack': () => process.stderr.write(new Error('on purpose').stack ?? ''),
  hang: () => {
    for (;;);
  },
  // It ends by itself, since nobody else ends it.
  'wait-for-a-child-that-hangs': () => {
    execFileSync(process.execPath, ['-e', 'const end = Date.now() + 6000; while (Date.now() < end);']);
  },
  'fill-memory': async () => {
    const held = [];
    for (;;) {
      held.push(Buffer.alloc(2 ** 26, 1));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
  'fill-disk': async () => {
    writeFileSync('../cache', Buffer.alloc(2 ** 22));
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  'end-with-3': () => {
    process.exitCode = 3;
  },
  'print-escapes': () => process.stderr.write('to\x1b[31m\n'),
};

await ways[process.argv[2] ?? '']?.();

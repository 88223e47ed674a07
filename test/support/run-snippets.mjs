// Imports the modules that a list names, one after the other, and writes down what went wrong in them:
//   node --enable-source-maps run-snippets.mjs <modules.json> <problems.json>
import { readFileSync, writeFileSync } from 'node:fs';
import { format, inspect, isDeepStrictEqual } from 'node:util';

const [task = '', report = ''] = process.argv.slice(2);
/** @type {Array<{ path: string, line: number, asserted: number[], url: string }>} */
const modules = JSON.parse(readFileSync(task, 'utf8'));
/** @type {Array<{ path: string, line: number, message: string }>} */
const problems = [];
let current = modules[0];
/** Lines of assertions in the current module that were executed. @type {Set<number>} */
const reached = new Set();
// Deep enough to reach the snippet from inside tfjs.
Error.stackTraceLimit = 100;

/** @param {number} line @param {string} message */
const complain = (line, message) => problems.push({ path: current?.path ?? '', line, message });

/** How long a line of printed text is, is no part of its meaning. @param {string} text */
const normal = (text) => text.replace(/\s+/g, ' ').trim();

/** @param {number} line @param {unknown} error */
function complainOfError(line, error) {
  const stack = error instanceof Error ? (error.stack ?? error.message) : inspect(error);
  // Source maps name the line of the file that the snippet stands in.
  const place = /snippet:(?:snippet:)?\d+:(\d+):\d+/.exec(stack);
  complain(place ? Number(place[1]) : line, error instanceof Error ? `${error.name}: ${error.message}` : stack);
}

Object.assign(globalThis, {
  snippets: {
    /** @param {number} line @param {string} expected @param {unknown[]} found */
    log(line, expected, ...found) {
      reached.add(line);
      const printed = format(...found);
      if (normal(printed) !== normal(expected)) complain(line, `Expected ${expected}, but printed ${printed}.`);
    },
    /** @param {number} line @param {string} expected @param {unknown} found */
    value(line, expected, found) {
      reached.add(line);
      if (normal(inspect(found)) === normal(expected) || found === expected) return;
      try {
        // The comment may be written as code: `['a', 'b']`.
        if (isDeepStrictEqual(found, new Function(`return (${expected});`)())) return;
      } catch {
        // It is no code: what is printed counts.
      }
      complain(line, `Expected ${expected}, but got ${inspect(found)}.`);
    },
  },
});
for (const method of /** @type {const} */ (['log', 'info', 'warn', 'error'])) console[method] = () => {};
process.on('unhandledRejection', (error) => complainOfError(current?.line ?? 0, error));

for (const module of modules) {
  current = module;
  reached.clear();
  // Stands if the process is ended from inside or, after too long, from outside.
  const unfinished = { path: module.path, line: module.line, message: 'Did not come to its end.' };
  writeFileSync(report, JSON.stringify([...problems, unfinished]));
  try {
    await import(module.url);
    for (const line of module.asserted) if (!reached.has(line)) complain(line, 'This line was never reached.');
  } catch (error) {
    complainOfError(module.line, error);
  }
}
writeFileSync(report, JSON.stringify(problems));
process.exit(0);

// @ts-check
// A process with a database in it, for SQL and files of others: what they make of it ends with this process. It has a limit of
// memory, which DuckDB's own is not (it does not count what functions such as `range` and `repeat` make), and can be killed where
// DuckDB does not listen to an interrupt.
import { openEngine } from './engine.js';

/** How often memory is looked at, in milliseconds. */
const lookEvery = 20;

/** @type {Promise<Awaited<ReturnType<typeof openEngine>>> | undefined} */
let engine;
/** @type {Map<number, { next(): Promise<unknown> }>} */
const streams = new Map();

/** What can be asked for; the first argument is the number of the request. */
const answers = {
  /** @param {number} _ @param {{ megabytes: number, start: Parameters<typeof openEngine>[1] }} options */
  async open(_, { megabytes, start }) {
    watchMemory(megabytes);
    // What was opened before is done with.
    streams.clear();
    const before = engine;
    engine = undefined;
    (await before?.catch(() => {}))?.close();
    const library = await import('@duckdb/node-api').catch((error) => {
      throw Object.assign(error, { missing: true });
    });
    engine = openEngine(library, start);
    await engine;
  },
  run: async (/** @type {number} */ _, /** @type {string} */ sql) => (await opened()).run(sql),
  rows: async (/** @type {number} */ _, /** @type {string} */ sql) => (await opened()).rows(sql),
  statementsOf: async (/** @type {number} */ _, /** @type {string} */ sql) => (await opened()).statementsOf(sql),
  stream: async (/** @type {number} */ id, /** @type {string} */ sql) => {
    streams.set(id, await (await opened()).stream(sql));
    return id;
  },
  next: async (/** @type {number} */ _, /** @type {number} */ stream) => {
    const chunk = await streams.get(stream)?.next();
    if (chunk === undefined) streams.delete(stream);
    return chunk;
  },
};

async function opened() {
  if (engine === undefined) throw new Error('No database is open.');
  return engine;
}

/** @type {NodeJS.Timeout | undefined} */
let watch;

/** @param {number} megabytes */
function watchMemory(megabytes) {
  clearInterval(watch);
  watch = setInterval(() => {
    if (process.memoryUsage.rss() <= megabytes * 1e6) return;
    const end = () => process.kill(process.pid, 'SIGKILL');
    process.send?.({ over: 'memory' }, end);
    setTimeout(end, 100);
  }, lookEvery);
}

// A terminal sends signals to all; what is to be done about them is for the one that started this.
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on(
  'message',
  async (/** @type {{ id: number, ask: keyof typeof answers, with: never }} */ { id, ask, with: given }) => {
    try {
      process.send?.({ id, value: await answers[ask](id, given) });
    } catch (error) {
      const { message, missing } = /** @type {Error & { missing?: true }} */ (error);
      process.send?.({ id, error: message, missing });
    }
  },
);

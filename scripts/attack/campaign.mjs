// Makes cases, runs them, judges how they ended, and counts.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeBase } from './base.mjs';
import { runAlone, startWorker, sweep } from './children.mjs';
import { criteria, judge } from './judge.mjs';
import { layOut, snapshot } from './place.mjs';
import { drawsFor } from './random.mjs';

/**
 * @typedef {object} Case
 * @property {string} note what was done to what
 * @property {string[]} args of the command line; it is started in the user's folder
 * @property {Buffer} [stdin]
 * @property {boolean} [alone] it needs a process of its own
 * @property {boolean} [endless] it may take for ever, but has to end when it is interrupted
 * @property {boolean} [reads] the user's own run file or command line names what leads to the secret, so that it may be read
 * @property {boolean} [executes] the command line names a run file, and code beside it may run
 * @property {string[]} [writes] paths below which the command may do as it likes
 * @property {string[]} [makes] paths below which it may make what is not there, and change nothing that is
 *
 * @typedef {object} Kind
 * @property {string} name
 * @property {number} share of the cases
 * @property {(random: import('./random.mjs').Random, place: import('./place.mjs').Place, base: import('./base.mjs').Base) => Case} make
 *
 * @typedef {import('./judge.mjs').Fault} Fault
 * @typedef {{ id: string, note: string, args: string[], folder: string, faults: Fault[], stderr: string }} Broken
 * @typedef {{ cases: number, alone: number, codes: Record<string, number>, faults: Record<string, number>, slowest: number }} Count
 *
 * @typedef {object} Options
 * @property {Stage} stage
 * @property {readonly Kind[]} kinds
 * @property {string} seed
 * @property {number} count
 * @property {number} [jobs]
 * @property {number} [everyNthAlone]
 * @property {import('./children.mjs').Limits} [limits]
 * @property {(done: number, broken: Broken | undefined, ended: { id: string, code: string, stderr: string }) => void} [onCase]
 */

/** @type {import('./children.mjs').Limits} */
export const usualLimits = { seconds: 10, memory: 2.5 * 2 ** 30, disk: 2 ** 30 };

/** What has to be seen once more in a process of its own: another case may have left it, or slowed it down. */
const uncertain = ['crashed', 'hung', 'size', 'code', 'text'];

/**
 * @param {Options} options
 * @returns {Promise<{ counts: Record<string, Count>, broken: Broken[], unconfirmed: Broken[] }>}
 */
export async function attack({
  stage,
  kinds,
  seed,
  count,
  jobs = 2,
  everyNthAlone = 50,
  limits = usualLimits,
  onCase,
}) {
  const queue = namesOf(kinds, count);
  const total = queue.length;
  /** @type {Record<string, Count>} */
  const counts = Object.fromEntries(
    kinds.map(({ name }) => [name, { cases: 0, alone: 0, codes: {}, faults: {}, slowest: 0 }]),
  );
  /** @type {Broken[]} */
  const broken = [];
  /** @type {Broken[]} */
  const unconfirmed = [];
  const work = async (/** @type {number} */ job) => {
    const litter = join(stage.folder, `process-${job}`);
    sweep(litter);
    const worker = startWorker(stage.program, litter, limits);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { kind, index } = next;
      const id = `${kind.name}-${index}`;
      const made = makeCase(stage, kind, id, seed);
      const alone =
        made.case_.alone === true ||
        made.case_.endless === true ||
        made.case_.stdin !== undefined ||
        index % everyNthAlone === 0;
      const started = performance.now();
      let { faults, ended } = await tryCase(stage, made, alone ? undefined : worker, litter, limits);
      const tally = /** @type {Count} */ (counts[kind.name]);
      tally.slowest = Math.max(tally.slowest, (performance.now() - started) / 1000);
      tally.cases += 1;
      if (alone) tally.alone += 1;
      const code = String(ended.code ?? ended.stopped ?? ended.signal);
      tally.codes[code] = (tally.codes[code] ?? 0) + 1;
      /** @returns {Broken} */
      const asBroken = () => ({
        id,
        note: made.case_.note,
        args: made.case_.args,
        folder: made.place.root,
        faults,
        stderr: ended.stderr,
      });
      if (
        faults.length > 0 &&
        (!alone || ended.stopped === 'hung') &&
        faults.every(({ criterion }) => uncertain.includes(criterion))
      ) {
        const first = asBroken();
        const again = await tryCase(stage, makeCase(stage, kind, id, seed), undefined, litter, limits);
        if (again.faults.length === 0) unconfirmed.push(first);
        ({ faults, ended } = again);
      }
      for (const criterion of new Set(faults.map((fault) => fault.criterion))) {
        tally.faults[criterion] = (tally.faults[criterion] ?? 0) + 1;
      }
      if (faults.length > 0) broken.push(asBroken());
      else rmSync(made.place.root, { recursive: true, force: true });
      onCase?.(total - queue.length, faults.length > 0 ? broken.at(-1) : undefined, { id, code, stderr: ended.stderr });
    }
    worker.end();
  };
  await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)));
  return { counts, broken, unconfirmed };
}

/**
 * Makes one case again and runs it in a process of its own.
 * @param {Omit<Options, 'count'> & { id: string }} options
 */
export async function replay({ stage, kinds, seed, id, limits = usualLimits }) {
  const kind = kinds.find(({ name }) => name === id.replace(/-\d+$/, ''));
  if (kind === undefined) throw new Error(`There is no case ${id}; cases are called like ${kinds[0]?.name}-1.`);
  const made = makeCase(stage, kind, id, seed);
  const litter = join(stage.folder, 'process-0');
  sweep(litter);
  const result = await tryCase(stage, made, undefined, litter, limits);
  return { ...result, case_: made.case_, place: made.place };
}

/**
 * Makes what cases are made from.
 * @param {{ program: string, folder: string }} options the command, as a file for Node; a folder for everything that is made
 */
export async function prepare({ program, folder }) {
  mkdirSync(folder, { recursive: true });
  const litter = join(folder, 'process-base');
  const limits = { ...usualLimits, seconds: 60 };
  const base = await makeBase(join(folder, 'base'), async (args, cwd) => {
    const { code, stdout, stderr } = await runAlone(program, litter, { args, cwd, root: join(folder, 'base') }, limits);
    return { code, text: stdout + stderr };
  });
  return {
    program,
    folder,
    base,
    secret: `SECRET-${drawsFor(folder)
      .below(2 ** 32)
      .toString(36)}-of-somebody-else-and-not-for-you`,
  };
}

/** @typedef {Awaited<ReturnType<typeof prepare>>} Stage */

/**
 * @param {Stage} stage
 * @param {Kind} kind
 * @param {string} id
 * @param {string} seed
 */
function makeCase({ folder, base, secret }, kind, id, seed) {
  const root = join(folder, 'cases', id);
  rmSync(root, { recursive: true, force: true });
  const place = layOut(root, base, secret);
  const case_ = kind.make(drawsFor(`${seed}/${id}`), place, base);
  return { case_, place, before: snapshot(root) };
}

/**
 * @param {Stage} stage
 * @param {ReturnType<typeof makeCase>} made
 * @param {ReturnType<typeof startWorker> | undefined} worker
 * @param {string} litter
 * @param {import('./children.mjs').Limits} limits
 */
async function tryCase({ program }, { case_, place, before }, worker, litter, limits) {
  const { args, stdin, endless = false } = case_;
  const command = { args, cwd: place.mine, root: place.root, endless, ...(stdin === undefined ? {} : { stdin }) };
  const ended = await (worker === undefined ? runAlone(program, litter, command, limits) : worker.run(command));
  const faults = judge(case_, place, before, ended, litter);
  if (faults.length > 0) {
    // The next case shall find a clean house.
    worker?.end();
    sweep(litter);
  }
  return { ended, faults };
}

/**
 * The cases in an order that mixes kinds, so that a short campaign has some of all.
 * @param {readonly Kind[]} kinds
 * @param {number} count
 */
function namesOf(kinds, count) {
  const shares = kinds.reduce((sum, { share }) => sum + share, 0);
  const due = kinds.map((kind) => ({ kind, step: shares / kind.share, next: shares / kind.share / 2, index: 0 }));
  return Array.from({ length: count }, () => {
    const first = due.reduce((a, b) => (b.next < a.next ? b : a));
    first.next += first.step;
    return { kind: first.kind, index: ++first.index };
  });
}

/** @param {Record<string, Count>} counts */
export function tableOf(counts) {
  const columns = ['kind', 'cases', 'alone', 'exit codes', 'slowest', ...criteria];
  const lines = Object.entries(counts).map(([name, { cases, alone, codes, faults, slowest }]) => [
    name,
    String(cases),
    String(alone),
    Object.entries(codes)
      .map(([code, times]) => `${code}: ${times}`)
      .join(', '),
    `${slowest.toFixed(1)} s`,
    ...criteria.map((criterion) => String(faults[criterion] ?? 0)),
  ]);
  const widths = columns.map((column, i) => Math.max(column.length, ...lines.map((line) => line[i]?.length ?? 0)));
  return [columns, ...lines]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

import { examine, type Finding, type Machine } from '../doctor/examine.js';
import { type Colors, colorsFor, type Io, print, printJson } from '../io.js';

/**
 * Says what computes on this machine, and for what does not, why and what to do.
 *
 * @returns Whether all that is installed works; undefined where it was stopped.
 */
export async function doctor(options: { readonly json?: boolean }, io: Io): Promise<boolean | undefined> {
  const { stdout, stderr, signal } = io;
  const colors = colorsFor(stdout, io.env);
  const json = options.json === true;
  if (stderr.isTTY === true) print(stderr, 'Trying what can compute here …');
  const diagnosis = await examine(io.cwd, {
    signal,
    told: (finding) => {
      if (!json) print(stdout, describe(finding, colors));
    },
  });
  if (signal.aborted) return undefined;
  if (json) printJson(stdout, diagnosis);
  else {
    print(stdout, '');
    print(stdout, describeMachine(diagnosis.machine));
    const auto =
      diagnosis.auto === null ? 'Nothing here can train.' : `\`backend: auto\` takes ${diagnosis.auto} here.`;
    print(stdout, auto);
  }
  return diagnosis.healthy;
}

function describe(finding: Finding, { green, red, yellow, dim }: Colors): string {
  const {
    name,
    purpose,
    works,
    missing,
    expected,
    versions,
    threads,
    milliseconds,
    megabytes,
    reason,
    advice,
    folder,
  } = finding;
  const mark = works ? green('works ') : missing === true && !expected ? yellow('absent') : red('FAILS ');
  const head = `${mark}  ${name.padEnd(9)} ${purpose}`;
  const indent = ' '.repeat(18);
  if (!works) return `${head}\n${indent}${missing === true ? 'Not installed' : reason}\n${indent}${advice}.`;
  const facts = [
    ...Object.entries(versions).map(([what, version]) => `${what} ${version}`),
    ...(threads === undefined ? [] : [`${threads} ${threads === 1 ? 'thread' : 'threads'}`]),
    `${megabytes} MB`,
    `first training after ${((milliseconds ?? 0) / 1000).toFixed(1)} s`,
  ];
  const where = folder === undefined ? '' : `\n${indent}${dim(folder)}`;
  return `${head}\n${indent}${dim(facts.join(', '))}${where}`;
}

function describeMachine({ polytask, node, platform, cores, memory }: Machine): string {
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
  const size = `${gigabytes(memory.free)} of ${gigabytes(memory.total)} GB memory free`;
  return `Polytask ${polytask}, Node ${node}, ${platform}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${size}`;
}

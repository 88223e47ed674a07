// The program behind `probe`: tries one executor or backend and prints what came of it as a line of JSON.
import { PolytaskError } from '@polytask/core';
import { BackendError, codePlaces } from '@polytask/experiment';
import type { ProbeName, ProbeResult } from './probe.js';
import { probes } from './probes.js';

const [name = '', folder = process.cwd()] = process.argv.slice(2);
const started = performance.now();
let result: ProbeResult;
try {
  const found = await probes[name as ProbeName](codePlaces({ cwd: folder }));
  result = {
    works: true,
    ...found,
    milliseconds: Math.round(performance.now() - started),
    megabytes: Math.round(process.memoryUsage.rss() / 1e6),
  };
} catch (error) {
  const cause = error instanceof BackendError ? error.cause : error;
  const missing = PolytaskError.isInstance(cause) && cause.code === 'POLYTASK_PACKAGE_MISSING';
  result = { works: false, versions: {}, reason: (error as Error).message, ...(missing && { missing }) };
}
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

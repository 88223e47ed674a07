import {
  chooseBackend,
  describeBackend,
  describeData,
  loadConfig,
  namedOutput,
  prepareRun,
} from '@polytask/experiment';
import { type Io, print, printJson } from '../io.js';
import { counted } from '../report/format.js';
import type { TrainOptions } from './train.js';

/** Checks a configuration file and all that it names, down to one step on a trainer that is thrown away. */
export async function check(
  file: string,
  options: Pick<TrainOptions, 'set' | 'json' | 'plugins'>,
  io: Io,
): Promise<void> {
  const { set = [], plugins } = options;
  const loaded = await loadConfig({ file, cwd: io.cwd, set, plugins });
  await namedOutput(loaded);
  const run = await prepareRun(loaded, io.signal);
  const { backend } = await chooseBackend(run, (message) => print(io.stderr, `Warning: ${message}`));
  if (options.json === true) {
    printJson(io.stdout, { status: 'right', file, backend, config: run.config, notes: run.notes });
    return;
  }
  const names = run.tasks.map(({ name, type }) => `${name} (${type})`).join(', ');
  print(io.stdout, `${file} is right.`);
  print(io.stdout, `  ${describeData(run)}`);
  print(io.stdout, `  ${counted(run.tasks.length, 'task')}: ${names}`);
  print(io.stdout, `  ${describeBackend(backend)}`);
  for (const note of run.notes) print(io.stdout, `  Note: ${note}`);
}

import { existsSync } from 'node:fs';
import { tfjsNodeFolder } from '@polytask/core/node';
import { type ProbeResult, probe } from '../doctor/probe.js';
import { type Io, print, printJson } from '../io.js';
import { installNative, removeNative } from '../native/install.js';
import { StoppedError } from '../native/native-error.js';
import { thisMachine } from '../native/prerequisites.js';
import { createStep } from '../native/step.js';

/** Options of `polytask native install`. */
export interface InstallOptions {
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Provides tfjs-node for all projects of the user. */
export async function install(options: InstallOptions, io: Io): Promise<'done' | 'interrupted'> {
  const { signal, stdout, stderr } = io;
  const step = createStep(io, options.quiet === true);
  try {
    const installed = await installNative({
      step,
      machine: thisMachine(signal),
      probe: (folder) => probe('node', { folder, signal }),
      force: options.force === true,
    });
    if (options.json === true) {
      printJson(stdout, { status: 'installed', ...installed });
      return 'done';
    }
    const how = installed.from === 'there' ? 'was there already and works' : 'is installed and works';
    print(stdout, `tfjs-node ${how}: ${installed.folder} (${list(installed.versions)})`);
    print(stdout, 'Take it with `backend: node` in a run file, or `--set backend=node`.');
    return 'done';
  } catch (error) {
    if (!(error instanceof StoppedError) && !signal.aborted) throw error;
    print(stderr, 'Stopped; nothing was installed.');
    return 'interrupted';
  }
}

/** Says whether tfjs-node is there and works. */
export async function status(options: { readonly json?: boolean }, io: Io): Promise<boolean> {
  const result = await probe('node', { folder: io.cwd, signal: io.signal });
  const installed = existsSync(tfjsNodeFolder());
  if (options.json === true) {
    printJson(io.stdout, { ...result, userFolder: tfjsNodeFolder(), installed });
  } else print(io.stdout, describeStatus(result));
  return result.works;
}

/** Takes away what `install` made. */
export async function remove(io: Io): Promise<void> {
  const folder = tfjsNodeFolder();
  print(io.stdout, (await removeNative()) ? `Removed ${folder}.` : `There is nothing at ${folder}.`);
}

function describeStatus({ works, versions, folder, threads, reason }: ProbeResult): string {
  if (!works) return `tfjs-node does not work here: ${reason}`;
  return `tfjs-node works: ${folder} (${list(versions)}; ${threads} threads)`;
}

const list = (versions: ProbeResult['versions']) =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');

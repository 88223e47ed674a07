import { type LoadedConfig, loadConfig, type PreparedRun, prepareRun } from '../../packages/experiment/src/index.js';
import { smallRun } from './configs.js';
import { folderWith } from './folder.js';

/** A run file in a folder of its own, read. */
export async function loaded(text = smallRun, set: readonly string[] = []): Promise<LoadedConfig> {
  return loadConfig({ file: 'run.yaml', cwd: folderWith({ 'run.yaml': text }), set });
}

/** The same, with its data and parts. */
export async function prepared(text = smallRun, set: readonly string[] = []): Promise<PreparedRun> {
  return prepareRun(await loaded(text, set));
}

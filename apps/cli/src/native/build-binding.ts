import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '@polytask/core/node';
import { requireSuccess, runTool } from './run-tool.js';
import type { Step } from './step.js';

/** The last node-gyp that runs on Node 20. */
const nodeGyp = 'node-gyp@11.5.0';

/** The binding speaks this version of Node-API, so one build serves every Node from 20 on. */
const nodeApi = 8;

/** Builds the native part of the tfjs-node package in a folder against the library in its `deps`. */
export async function buildBinding(home: string, npm: string, step: Step): Promise<void> {
  const headers = nodeHeaders();
  const settings = [
    `--napi_build_version=${nodeApi}`,
    '--module_name=tfjs_binding',
    `--module_path=lib/napi-v${nodeApi}`,
  ];
  const rebuild = ['node-gyp', 'rebuild', ...settings, ...(headers === undefined ? [] : [`--nodedir=${headers}`])];
  const args = ['exec', '--yes', `--package=${nodeGyp}`, '--', ...rebuild];
  const { signal } = step;
  const built = await step.timed('Building the binding', () => runTool({ command: npm, args, cwd: home, signal }));
  requireSuccess(
    built,
    'node-gyp could not build the binding',
    headers === undefined
      ? 'This Node has no headers beside it and node-gyp fetches them from nodejs.org; where that cannot be reached, set ' +
          'npm_config_nodedir to the folder whose include/node has them (Debian: /usr, after apt-get install libnode-dev).'
      : `The headers are those of ${headers}.`,
  );
  const target = join(home, `lib/napi-v${nodeApi}`);
  await makeFolder(target);
  await copyFile(join(home, 'build/Release/tfjs_binding.node'), join(target, 'tfjs_binding.node'));
  for (const folder of ['build', 'deps/include']) await rm(join(home, folder), { recursive: true, force: true });
}

/** The folder whose `include/node` has Node's headers: the one that the user names, or Node's own. */
function nodeHeaders(): string | undefined {
  const chosen = process.env.npm_config_nodedir ?? '';
  return [chosen, dirname(dirname(process.execPath))].find(
    (folder) => folder !== '' && existsSync(join(folder, 'include/node/node_api.h')),
  );
}

// The main job on real data, from a fresh clone: installs only what the CLI needs, builds it, trains.
//   npm run quickstart -- [options of `polytask train`]
import { buildPackages } from './packages.mjs';
import { run } from './run.mjs';
import { setup } from './setup.mjs';

const started = Date.now();
await setup(['@polytask/cli...']);
await buildPackages({ dts: false });
const args = process.argv.slice(2);
const code = await run(process.execPath, ['apps/cli/dist/main.js', 'train', 'examples/multimnist.yaml', ...args]);
if (code === 0)
  console.error(`Quickstart: ${((Date.now() - started) / 1000).toFixed(1)} s, installing and building included.`);
process.exit(code);

// The main job on real data, from a fresh clone: installs only what the CLI needs, builds it, trains.
import { buildPackages } from './packages.mjs';
import { run } from './run.mjs';
import { setup } from './setup.mjs';

await setup(['@polytask/cli...']);
await buildPackages({ dts: false });
const args = process.argv.slice(2);
process.exit(await run(process.execPath, ['apps/cli/dist/main.js', 'train', 'examples/multimnist.yaml', ...args]));

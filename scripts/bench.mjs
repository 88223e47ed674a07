// Runs the benchmarks from the sources: tsx compiles TypeScript on the fly, the condition picks src over dist.
import { join } from 'node:path';
import { root, run } from './run.mjs';
import { setup } from './setup.mjs';

await setup();
const node = ['--conditions=polytask:source', '--import', 'tsx', 'run.mjs', ...process.argv.slice(2)];
process.exit(await run(process.execPath, node, { cwd: join(root, 'bench') }));

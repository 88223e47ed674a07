// Runs the benchmarks from the sources, bundled.
import { join } from 'node:path';
import { root, run } from './run.mjs';
import { setup } from './setup.mjs';

await setup();
process.exit(await run(process.execPath, ['run.mjs', ...process.argv.slice(2)], { cwd: join(root, 'bench') }));

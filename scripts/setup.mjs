// Installs what the lockfile says, unless that is there already.
//   node scripts/setup.mjs [--filter <pnpm selector>]... [--force]
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isProgram, root, runPnpm } from './run.mjs';

const required = { major: 20, minor: 19 };
const stateFile = join(root, 'node_modules', '.polytask-setup.json');

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > required.major || (major === required.major && minor >= required.minor)) return;
  console.error(
    `Polytask needs Node ${required.major}.${required.minor} or later; this is ${process.versions.node}. ` +
      'Install a newer Node from https://nodejs.org, or with nvm, fnm or volta, and run the command again.',
  );
  process.exit(1);
}

/** The lockfile alone does not say which settings it was installed with. */
function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** @returns {{ fingerprint: string, filters: string[] | 'all' }} */
function readState() {
  const nothing = { fingerprint: '', filters: [] };
  if (!existsSync(stateFile)) return nothing;
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8'));
  } catch {
    return nothing; // Cut off while being written: install again.
  }
}

/**
 * @param {string[]} filters pnpm selectors; none means every package
 * @param {{ force?: boolean }} [options]
 */
export async function setup(filters = [], { force = false } = {}) {
  checkNode();
  const wanted = fingerprint();
  const state = readState();
  const same = state.fingerprint === wanted;
  const done = same ? state.filters : [];
  if (!force && (done === 'all' || (filters.length > 0 && filters.every((filter) => done.includes(filter))))) return;

  const started = Date.now();
  const selection = filters.flatMap((filter) => ['--filter', filter]);
  const code = await runPnpm([...selection, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false']);
  if (code !== 0) {
    console.error('The installation failed; what pnpm printed above says why. `npm run setup -- --force` tries again.');
    process.exit(code);
  }
  const filtersDone = filters.length === 0 ? 'all' : [...done, ...filters];
  writeFileSync(stateFile, `${JSON.stringify({ fingerprint: wanted, filters: filtersDone })}\n`);
  console.error(`Installed in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

if (isProgram(import.meta.url)) {
  const { values } = parseArgs({
    options: { filter: { type: 'string', multiple: true }, force: { type: 'boolean' } },
  });
  await setup(values.filter, { force: values.force ?? false });
}

// What npm would get: manifests that resolve (publint), types that resolve for ES modules (are the types wrong).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packPackages, publicPackages } from './packages.mjs';
import { runTool } from './run.mjs';

export async function checkPublished() {
  const folder = mkdtempSync(join(tmpdir(), 'polytask-check-'));
  let failures = 0;
  for (const { name, tarball } of await packPackages(folder)) {
    failures += await runTool('publint/src/cli.js', ['run', tarball, '--strict']);
    const isLibrary = publicPackages().some((package_) => package_.name === name && package_.manifest.exports['.']);
    if (!isLibrary) continue; // A program has no types to check.
    const options = ['--profile', 'esm-only', '--format', 'table-flipped', '--no-summary', '--no-emoji'];
    failures += await runTool('@arethetypeswrong/cli/dist/index.js', [tarball, ...options]);
  }
  rmSync(folder, { recursive: true });
  return Math.min(failures, 1);
}

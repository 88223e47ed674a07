// Runs the benchmarks named on the command line, or all of them. Programs that they start are bundled beside them.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { bundle } from './bundle.mjs';

const files = readdirSync(import.meta.dirname);
const all = files.filter((file) => file.endsWith('.bench.ts'));
const given = process.argv.slice(2);
const firstOption = given.findIndex((one) => one.startsWith('-'));
// What comes after is a benchmark's own.
const wanted = firstOption < 0 ? given : given.slice(0, firstOption);
const chosen = all.filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)));
if (chosen.length === 0) console.log(`No benchmark is called ${wanted.join(', ') || 'anything yet'}.`);
// They use the experiment, whose own programs, such as the process that reads tables, are found beside their sources.
const fromSources = ['affinity-data.bench.ts', 'quality.bench.ts'];
for (const file of files.filter((file) => file.endsWith('.program.ts'))) await bundle(file);
for (const file of chosen) {
  if (!fromSources.includes(file)) await import(await bundle(file));
  else {
    const flags = ['--conditions=polytask:source', '--import', 'tsx'];
    const { status } = spawnSync(process.execPath, [...flags, file, ...given.slice(wanted.length)], {
      cwd: import.meta.dirname,
      stdio: 'inherit',
    });
    process.exitCode = status ?? 1;
  }
}

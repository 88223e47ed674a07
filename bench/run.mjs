// Runs the benchmarks named on the command line, or all of them. Programs that they start are bundled beside them.
import { readdirSync } from 'node:fs';
import { bundle } from './bundle.mjs';

const files = readdirSync(import.meta.dirname);
const all = files.filter((file) => file.endsWith('.bench.ts'));
const wanted = process.argv.slice(2);
const chosen = all.filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)));
if (chosen.length === 0) console.log(`No benchmark is called ${wanted.join(', ') || 'anything yet'}.`);
for (const file of files.filter((file) => file.endsWith('.program.ts'))) await bundle(file);
for (const file of chosen) await import(await bundle(file));

// Runs the benchmarks named on the command line, or all of them.
import { readdirSync } from 'node:fs';

const all = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.bench.ts'));
const wanted = process.argv.slice(2);
const chosen = all.filter((file) => wanted.length === 0 || wanted.some((name) => file.startsWith(name)));
if (chosen.length === 0) console.log(`No benchmark is called ${wanted.join(', ') || 'anything yet'}.`);
for (const file of chosen) await import(`./${file}`);

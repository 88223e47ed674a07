// Trains the MLP for a while in a process of its own and prints how much memory that took: one JSON document.
//   compiled | wasm
import { competitors } from './contenders/executors.js';
import { steppedTrainer } from './contenders/trainer.js';
import { parts, works } from './contenders/works.js';

const wanted = process.argv[2] ?? 'compiled';
const found = (await competitors(2)).find(({ name }) => name.endsWith(wanted));
if (found === undefined) throw new Error(`There is no executor called ${wanted}.`);
await found.prepare();
const base = process.memoryUsage().rss;
const work = works[1] as (typeof works)[number];
const { dataset, options } = parts(work);
const trainer = await steppedTrainer(
  found.name,
  { ...options, executor: found.executor() } as never,
  dataset,
  work.batch,
);
let peak = 0;
for (let step = 0; step < 300; step++) {
  await trainer.step();
  peak = Math.max(peak, process.memoryUsage().rss);
}
console.log(JSON.stringify({ base, resident: process.memoryUsage().rss, peak }));
process.exit(0);

// Opens mutated run files, models, checkpoints, run folders, data, links and names of code with the built command, and sees that
// none of them runs code, reads or writes where it must not, crashes, hangs, grows without bound or ends with a strange code.
//   npm run attack -- [--count 10000] [--seed 1] [--only run-file,model] [--jobs 2] [--every 50] [--seconds 10]
//     [--folder <new folder>]
//   npm run attack -- --replay model-17 [--seed 1]
// One case in --every, and all that need it, run in a process of their own; the others share some. --seconds: until it hangs.
// --show 1 also prints the cases that end with that exit code.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { attack, prepare, replay, tableOf, usualLimits } from './attack/campaign.mjs';
import * as fuzzers from './attack/kinds/index.mjs';
import { buildPackages } from './packages.mjs';
import { root } from './run.mjs';
import { setup } from './setup.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    every: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' },
    folder: { type: 'string' },
    replay: { type: 'string' },
    show: { type: 'string' },
  },
});
const all = Object.values(fuzzers);
const only = values.only?.split(',');
const kinds = all.filter(({ name }) => only?.includes(name) ?? true);
const [count = 0, jobs = 0, everyNthAlone = 0, seconds = 0] = [
  values.count,
  values.jobs,
  values.every,
  values.seconds,
].map(Number);
const names = all.map(({ name }) => name);
const wrong = [count, jobs, everyNthAlone, seconds].some((number) => !Number.isInteger(number) || number < 1);
if (wrong || (only ?? []).some((name) => !names.includes(name))) {
  console.error(
    `--count, --jobs, --every and --seconds take whole numbers from 1, --only some of ${names.join(', ')}.`,
  );
  process.exit(2);
}

await setup(['@polytask/cli...']);
await buildPackages({ dts: false });
const folder = values.folder === undefined ? mkdtempSync(join(tmpdir(), 'polytask-attack-')) : resolve(values.folder);
if (values.folder !== undefined && existsSync(folder)) {
  console.error(`${folder} exists; --folder takes a new one.`);
  process.exit(2);
}
const stage = await prepare({ program: join(root, 'apps/cli/dist/main.js'), folder });
const common = { stage, seed: values.seed, limits: { ...usualLimits, seconds } };

if (values.replay === undefined) await campaign();
else await once(values.replay);

async function campaign() {
  const started = performance.now();
  console.log(`Attack: ${count} cases of ${kinds.map(({ name }) => name).join(', ')}; seed ${values.seed}`);
  const { counts, broken, unconfirmed } = await attack({
    ...common,
    kinds,
    count,
    jobs,
    everyNthAlone,
    onCase(done, found, { id, code, stderr }) {
      if (code === values.show) console.log(`${id} ended with ${code}: ${stderr.trim().split('\n')[0]}`);
      if (found !== undefined) console.log(describe(found));
      else if (done % 1000 === 0) console.error(`${done} cases`);
    },
  });
  console.log(`\n${tableOf(counts)}\n`);
  for (const { id, faults, note } of unconfirmed) {
    console.log(
      `${id} (${note}) broke in a process that had run others, and not alone: ${faults.map(({ what }) => what).join('; ')}`,
    );
  }
  const took = Math.round((performance.now() - started) / 1000);
  console.log(`${broken.length} of ${count} cases broke something, ${took} s.`);
  // A process shared by many may confuse a case now and then; if it confuses more, nothing has been measured.
  const confused = unconfirmed.length > count / 50;
  if (confused)
    console.log(
      `${unconfirmed.length} cases broke only in a process that had run others: too many to believe the rest.`,
    );
  if (broken.length === 0) rmSync(folder, { recursive: true, force: true });
  else
    console.log(
      `Their files: ${join(folder, 'cases')}. Again: npm run attack -- --seed ${values.seed} --replay <case>`,
    );
  process.exit(broken.length === 0 && !confused ? 0 : 1);
}

/** @param {string} id */
async function once(id) {
  const { case_, place, ended, faults } = await replay({ ...common, kinds: all, id });
  console.log(`${id}: ${case_.note}\nin ${place.mine}: polytask ${case_.args.join(' ')}\n`);
  console.log(
    `exit code ${ended.code ?? ended.stopped ?? ended.signal}\n--- stdout\n${ended.stdout}\n--- stderr\n${JSON.stringify(ended.stderr)}\n---`,
  );
  for (const { criterion, what } of faults) console.log(`${criterion}: ${what}`);
  console.log(`${faults.length === 0 ? 'Nothing broke.' : 'It broke.'} Files: ${place.root}`);
  process.exit(faults.length === 0 ? 0 : 1);
}

/** @param {import('./attack/campaign.mjs').Broken} broken */
function describe({ id, note, args, faults }) {
  return `${id}: ${faults.map(({ criterion, what }) => `${criterion} (${what})`).join('; ')}\n  ${note}: polytask ${args.join(' ')}`;
}

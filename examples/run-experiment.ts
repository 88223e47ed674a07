/**
 * An experiment from a script: two ways of sharing on the same digits, with the same seed. Each run leaves a run folder, which
 * `polytask predict`, `evaluate` and `train --resume` take like any other.
 *
 *     npx tsx --conditions=polytask:source run-experiment.ts
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runExperiment } from '@polytask/experiment';

const folder = mkdtempSync(join(tmpdir(), 'polytask-example-'));
const encoder = { use: 'mlp', units: [64, 32] };
const shared = { use: 'hard-sharing', encoder };
const apart = { use: 'branched-sharing', encoder, tree: { stages: 0, branches: ['left', 'right'] } };
for (const sharing of [shared, apart]) {
  const { joint } = await runExperiment(
    {
      data: { use: 'multimnist', size: { train: 2000, test: 500 } },
      tasks: ['left', 'right'].map((name) => ({ name, type: 'classification', classes: 10 })),
      sharing,
      training: { epochs: 6 },
      seed: 1,
    },
    { folder },
  );
  const accuracies = Object.values(joint?.tasks ?? {}).map(({ accuracy }) => Number(accuracy).toFixed(2));
  console.log(`${sharing.use}: accuracies ${accuracies.join(' and ')}, ${joint?.parameters} parameters`);
}

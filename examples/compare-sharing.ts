/**
 * What should tasks share? Every architecture on the data set of `compare-sharing.yaml`, with the same seeds, as one table: Δm, how much better
 * than a network per task that learned it alone (mean ± standard deviation over seeds), accuracies, parameters, seconds of training.
 * Hard sharing has the fewest parameters; what others gain over it has to be held against their size.
 *
 *     npx tsx --conditions=polytask:source compare-sharing.ts [seeds] [epochs] [rows] [names]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deltaM } from '@polytask/core';
import { loadConfig, type NetworkResult, runExperiment } from '@polytask/experiment';

const { raw: setting } = await loadConfig({ file: 'compare-sharing.yaml', cwd: import.meta.dirname });
const { data, training, sharing: hard } = setting as Record<string, Record<string, unknown>>;
const [seeds = 3, epochs = training?.epochs, rows] = process.argv.slice(2, 5).map(Number);
const names = process.argv[5]?.split(',');
const size = rows === undefined ? data?.size : { train: rows, test: rows };

const encoder = hard?.encoder;
/** What stands under `sharing`, and what else a run file needs. */
const architectures: Record<string, { use: string; [option: string]: unknown } | [object, { auxiliary: object[] }]> = {
  'hard sharing': { use: 'hard-sharing', encoder },
  'branches after dense0': { use: 'branched-sharing', encoder, tree: { stages: 1, branches: ['left', 'right'] } },
  'Recon, dense1': { use: 'recon', encoder, specific: ['dense1'] },
  'residual adapters': { use: 'residual-adapters', encoder },
  DBMTL: { use: 'dbmtl', encoder, relations: { right: ['left'] } },
  'networks apart': { use: 'soft-sharing', encoder },
  'L2 distance': [{ use: 'soft-sharing', encoder }, { auxiliary: [{ use: 'l2-distance', weight: 0.001 }] }],
  'trace norm': [{ use: 'soft-sharing', encoder }, { auxiliary: [{ use: 'trace-norm', weight: 0.001 }] }],
  'cross-stitch': { use: 'cross-stitch', encoder },
  NDDR: { use: 'nddr', encoder },
  sluice: { use: 'sluice', encoder },
  'task attention': { use: 'task-attention', encoder },
  MTAN: { use: 'mtan', encoder },
  'squeeze-excitation': { use: 'squeeze-excitation', encoder },
  'cross-task attention': { use: 'cross-task-attention', encoder },
  'task graph': { use: 'task-graph', encoder },
  MMoE: { use: 'mmoe', encoder, experts: 4 },
  CGC: { use: 'cgc', encoder },
  PLE: {
    use: 'ple',
    levels: [
      { use: 'mlp', units: [64] },
      { use: 'mlp', units: [32] },
    ],
  },
  'DSelect-k': { use: 'dselect-k', encoder, experts: 4 },
  'learning to branch': { use: 'learning-to-branch', encoder },
  AITM: { use: 'aitm', encoder, tower: { use: 'mlp', units: [16] } },
  'PAD-Net': { use: 'pad-net', encoder },
  PEPNet: { use: 'pepnet', encoder, units: [16] },
  STEM: { use: 'stem', embedding: { use: 'mlp', units: [64] }, encoder: { use: 'mlp', units: [32] } },
  'shared and private': { use: 'shared-private', encoder, adversary: 0 },
  GREAT: { use: 'gradient-adversarial', encoder, units: [32] },
};

const folder = mkdtempSync(join(tmpdir(), 'polytask-example-'));
const alone = new Map<number, Readonly<Record<string, NetworkResult>>>();
const better = { left: { accuracy: 'higher' }, right: { accuracy: 'higher' } } as const;
const accuracyOf = (result: NetworkResult | undefined, task: string) => Number(result?.tasks?.[task]?.accuracy);

const format = (values: readonly number[], digits: number) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const spread = values.length > 1 ? ` ± ${Math.sqrt(squares / (values.length - 1)).toFixed(digits)}` : '';
  return `${mean.toFixed(digits)}${spread}`;
};

console.log('| architecture | Δm, % | left | right | parameters | seconds |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const [name, given] of Object.entries(architectures)) {
  if (names?.includes(name) === false) continue;
  const [sharing, more] = Array.isArray(given) ? given : [given, {}];
  const found: { delta: number; left: number; right: number; seconds: number }[] = [];
  let parameters = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    // A network per task is needed once per seed, whatever the others share.
    const compare = alone.has(seed) ? 'none' : 'single-task';
    const run = {
      ...setting,
      data: { ...data, size },
      training: { ...training, epochs },
      sharing,
      ...more,
      compare,
      seed,
    };
    const { joint, singleTask } = await runExperiment(run, { folder });
    if (singleTask !== undefined) alone.set(seed, singleTask);
    const together = { left: { accuracy: accuracyOf(joint, 'left') }, right: { accuracy: accuracyOf(joint, 'right') } };
    const apart = Object.fromEntries(
      Object.entries(alone.get(seed) ?? {}).map(([task, one]) => [task, { accuracy: accuracyOf(one, task) }]),
    );
    found.push({
      delta: deltaM(together, apart, better).improvementPercent,
      left: together.left.accuracy,
      right: together.right.accuracy,
      seconds: joint?.seconds.training ?? Number.NaN,
    });
    parameters = joint?.parameters ?? 0;
  }
  const column = (key: keyof (typeof found)[number], digits: number) =>
    format(
      found.map((one) => one[key]),
      digits,
    );
  const cells = [column('delta', 1), column('left', 3), column('right', 3), parameters, column('seconds', 1)];
  console.log(`| ${[name, ...cells].join(' | ')} |`);
}
rmSync(folder, { recursive: true });

import { listNames } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { didYouMean, expectedWords, explainIssues } from '../../src/config/explain-issues.js';
import { configSchema } from '../../src/config/schema.js';
import { partTables } from '../../src/parts/tables.js';

const right = {
  data: { use: 'multimnist' },
  tasks: [{ name: 'left', type: 'classification', classes: 10 }],
  sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [8] } },
};

/** What is said about a configuration that is right but for some keys. */
function told(changes: object): string[] {
  const root = { ...right, ...changes };
  const parsed = configSchema.safeParse(root, { error: expectedWords });
  if (parsed.success) return [];
  return explainIssues(parsed.error.issues, root).map(({ message }) => message);
}

/** All parts that may stand in a place, whatever packages there are. */
const namesAt = (id: string) =>
  listNames([...(partTables.find((table) => table.id === id)?.parts.keys() ?? [])], { plain: true });

const sharing = (changes: object) => ({ sharing: { ...right.sharing, ...changes } });
const task = (changes: object) => ({ tasks: [{ ...right.tasks[0], ...changes }] });

describe('explainIssues', () => {
  it('has nothing to say about what is right', () => {
    expect(told({})).toEqual([]);
    expect(told({ balancing: { use: '@acme/tempered#tempered', temperature: 2 } })).toEqual([]);
    expect(told(sharing({ head: { left: { use: 'mlp', units: [4] } } }))).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    [
      'a wrong name of a part',
      sharing({ encoder: { use: 'mpl', units: [8] } }),
      [
        '`sharing.encoder.use`: found "mpl", expected conv-net, fusion, layers-model, mlp, tabular or "<package>#<export>". ' +
          'Did you mean `mlp`?',
      ],
    ],
    [
      'an option of a part',
      sharing({ encoder: { use: 'mlp', units: [0] } }),
      ['`sharing.encoder.units[0]`: found 0, expected a whole number from 1 to 65536'],
    ],
    [
      'a part without a name',
      { sharing: {} },
      [`\`sharing.use\` is missing; expected ${namesAt('sharing')} or "<package>#<export>"`],
    ],
    [
      'a part that is none',
      { sharing: 'hard-sharing' },
      [
        expect.stringMatching(
          /^`sharing`: found "hard-sharing", expected a sharing strategy: a mapping with `use`, one of branched-sharing, /,
        ),
      ],
    ],
    [
      'a part that is missing',
      { sharing: { use: 'mmoe' } },
      [expect.stringMatching(/^`sharing.encoder` is missing; expected an encoder: a mapping with `use`, one of .*mlp/)],
    ],
    [
      'a name that only looks like a package',
      { balancing: { use: '@acme' } },
      [`\`balancing.use\`: found "@acme", expected ${namesAt('balancing')} or "<package>#<export>"`],
    ],
    [
      'a wrong type of task',
      task({ type: 'clasification' }),
      [
        '`tasks[0].type`: found "clasification", expected binary, classification, dense-classification, multi-label, regression or ' +
          '"<package>#<export>". Did you mean `classification`?',
      ],
    ],
    [
      'an unknown key',
      task({ clases: 3 }),
      [
        'there is no key `tasks[0].clases`; expected type, name, column, inputs, weight, metrics, primaryMetric, classes, minCount, other, classWeights, labelSmoothing. Did you mean `classes`?',
      ],
    ],
    [
      'a missing key',
      { tasks: [{ name: 'left', type: 'dense-classification', positions: [4] }] },
      ['`tasks[0].classes` is missing; expected a whole number from 2 to 1048576, or a list of at least 2 class names'],
    ],
    [
      'one of two types',
      task({ classes: 'ten' }),
      [
        '`tasks[0].classes`: found "ten", expected a whole number from 2 to 1048576, or a list of at least 2 class names',
      ],
    ],
    [
      'one of two types, out of range',
      task({ classes: ['a'] }),
      ['`tasks[0].classes`: found ["a"], expected a list of class names, at least 2'],
    ],
    [
      'a head of one task',
      sharing({ head: { left: { use: 'mlp', units: 'x' } } }),
      ['`sharing.head.left.units`: found "x", expected a list of whole numbers from 1'],
    ],
    [
      'a head that is none',
      sharing({ head: 4 }),
      ['`sharing.head`: found 4, expected an encoder, or encoders by task name'],
    ],
    [
      'a word of several',
      { backend: 'gpu' },
      ['`backend`: found "gpu", expected one of "auto", "compiled", "wasm", "cpu", "node". Did you mean `cpu`?'],
    ],
    ['no value', { seed: null }, ['`seed`: found nothing, expected a whole number from 0']],
    ['too few entries', { tasks: [] }, ['`tasks`: found [], expected a list of tasks, at least one']],
    [
      'a number with a point',
      { training: { epochs: 1.5 } },
      ['`training.epochs`: found 1.5, expected a whole number from 1'],
    ],
    ['a share', { split: { validation: 1 } }, ['`split.validation`: found 1, expected a number from 0 to below 1']],
    [
      'a number beyond a limit',
      { data: { use: 'multimnist', size: { train: 70_000 } } },
      ['`data.size.train`: found 70000, expected a whole number from 1 to 60000'],
    ],
    [
      'what other tools call otherwise',
      { optimizer: { use: 'adam', lr: 0.1, weightDecay: 0.1 } },
      [
        expect.stringMatching(/no key `optimizer.lr`; .*Did you mean `learningRate`\?$/),
        expect.stringMatching(/no key `optimizer.weightDecay`; .*The optimizer `adam-w` has `weightDecay`$/),
      ],
    ],
    [
      'what early stopping watches',
      { training: { earlyStopping: { patience: 1, monitor: 'los' } } },
      [
        '`training.earlyStopping.monitor`: found "los", expected loss, relative-loss, delta-m, tasks, or { task, metric }',
      ],
    ],
    [
      'branches',
      {
        sharing: {
          use: 'branched-sharing',
          encoder: { use: 'mlp', units: [] },
          tree: { stages: 0, branches: ['left', 3] },
        },
      },
      ["`sharing.tree.branches[1]`: found 3, expected a task's name, or { stages, branches }"],
    ],
    [
      'a column of a fusion',
      sharing({ encoder: { use: 'fusion', columns: { image: { encoder: { use: 'mlp', units: [8] } } } } }),
      ['`sharing.encoder.columns.image.inputs` is missing; expected a list of input names, at least one'],
    ],
    [
      'several mistakes at once',
      { seed: -1, optimiser: 1, training: { batchSize: 0 } },
      [
        '`training.batchSize`: found 0, expected a whole number from 1 to 1048576',
        '`seed`: found -1, expected a whole number from 0',
        'there is no key `optimiser`; expected data, split, tasks, sharing, balancing, auxiliary, observers, primary, groups, optimizer, training, start, calibration, backend, threads, compare, ' +
          'seed, repeat, output. Did you mean `optimizer`?',
      ],
    ],
  ])('explains %s', (_, changes, messages) => {
    expect(told(changes)).toEqual(messages);
  });

  it('says whether a key or a value is wrong, and where', () => {
    const root = { ...right, colour: 1, seed: 'x' };
    const { error } = configSchema.safeParse(root, { error: expectedWords });
    expect(explainIssues(error?.issues ?? [], root, ['runs', 0])).toMatchObject([
      { path: ['runs', 0, 'seed'], atKey: false },
      { path: ['runs', 0, 'colour'], atKey: true },
    ]);
  });
});

describe('didYouMean', () => {
  it('offers the nearest word if one is near', () => {
    expect(didYouMean('optimiser', ['optimizer', 'output'])).toBe('. Did you mean `optimizer`?');
    expect(didYouMean('x', ['optimizer'])).toBe('');
  });
});

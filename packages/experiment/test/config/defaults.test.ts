import type { MultiTaskDataset } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { defaultSharing, fillTraining, validationShare } from '../../src/config/defaults.js';
import { checkConfig } from '../../src/config/load-config.js';
import { configSchema } from '../../src/config/schema.js';

const table = 'data: { use: table, source: rows.csv }\ntasks: [{ name: a, type: regression }]\n';
const plugin = 'data: { use: "@acme/data#rows" }\ntasks: [{ name: a, type: regression }]\n';
const sections = (text: string) => configSchema.parse(parse(text));

describe('validation rows', () => {
  it.each([
    ['', 0.15],
    ['split: { validation: 0 }', 0],
    ['split: { validation: 0.3 }', 0.3],
    ['split: { column: part }', 0],
    ['training: { earlyStopping: false }', 0],
    ['training: { earlyStopping: false, checkpoints: { keepBest: loss } }', 0.15],
    ['training: { earlyStopping: { patience: 3 } }', 0.15],
  ])('of a table under `%s` are %d', (more, share) => {
    expect(validationShare(sections(table + more))).toBe(share);
  });

  it('of data with test rows of their own are none unless asked for', () => {
    expect(validationShare(sections(plugin))).toBe(0);
    expect(validationShare(sections(`${plugin}split: { validation: 0.1 }`))).toBe(0.1);
  });
});

describe('training', () => {
  const validation = {} as MultiTaskDataset;
  const facts = {} as never;
  const filled = (more: string, data: Parameters<typeof fillTraining>[1]) => {
    const { epochs, earlyStopping } = fillTraining(sections(table + more).training, data);
    return { epochs, earlyStopping };
  };

  it('stops early, with the best weights back, where tables have validation rows', () => {
    const stopping = { patience: 20, restoreBest: true };
    expect(filled('', { facts, validation })).toEqual({ epochs: 400, earlyStopping: stopping });
    expect(filled('training: { epochs: 7 }', { facts, validation })).toEqual({ epochs: 7, earlyStopping: stopping });
    expect(filled('training: { earlyStopping: { patience: 3 } }', { facts, validation })).toEqual({
      epochs: 400,
      earlyStopping: { ...stopping, patience: 3 },
    });
  });

  it('is as long as it was where it is turned off, or nothing can be watched', () => {
    const plain = { epochs: 10, earlyStopping: false };
    expect(filled('training: { earlyStopping: false }', { facts, validation })).toEqual(plain);
    expect(filled('', { facts })).toEqual(plain);
    expect(filled('', { validation })).toEqual(plain);
  });
});

describe('sharing', () => {
  const check = (text: string) =>
    checkConfig({
      file: 'run.yaml',
      path: '/run.yaml',
      yaml: {
        positions: {
          keyAt: () => undefined,
          valueAt: () => ({ line: 1, column: 1 }),
          depthOf: () => 0,
          ofOffset: () => ({ line: 1, column: 1 }),
        },
        mistakes: [],
      },
      raw: parse(text),
    });

  it('is a shared trunk for tables, and theirs alone', () => {
    expect(check(table).sections.sharing).toEqual(defaultSharing);
    expect(check(table).mistakes.mistakes).toEqual([]);
    expect(check(`${table}sharing: { use: hard-sharing, encoder: { use: mlp, units: [3] } }`).sections.sharing).toEqual(
      {
        use: 'hard-sharing',
        encoder: { use: 'mlp', units: [3] },
      },
    );
  });

  it('lends its encoder to any other strategy for tables that needs nothing else', () => {
    const shared = (sharing: string) => check(`${table}sharing: ${sharing}`);
    const { sections, mistakes } = shared('{ use: mmoe, experts: 3 }');
    expect(mistakes.mistakes).toEqual([]);
    expect(sections.sharing).toEqual({ use: 'mmoe', experts: 3, encoder: defaultSharing.encoder });
    expect(shared('{ use: stem }').mistakes.mistakes.map(({ message }) => message)).toEqual([
      expect.stringMatching(/`sharing\.embedding` is missing; expected an encoder/),
      expect.stringMatching(/`sharing\.encoder` is missing; expected an encoder/),
    ]);
    const [mistake] = check(plugin.replace(/sharing:.*\n|$/, 'sharing: { use: mmoe }\n')).mistakes.mistakes;
    expect(mistake?.message).toMatch(/`sharing\.encoder` is missing/);
  });

  it('has to be said where the data are others', () => {
    const [mistake, ...others] = check(plugin).mistakes.mistakes;
    expect(others).toEqual([]);
    expect(mistake?.message).toMatch(/`sharing` is missing, and only tables have a default; expected .*encoder/);
  });
});

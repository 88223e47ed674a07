import { rules } from '@polytask/analysis';
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { loaded, prepared } from '../../../../test/support/prepared.js';
import { applyChange, changesOf } from '../../src/advise/apply-change.js';
import { toYaml } from '../../src/advise/to-yaml.js';
import { branchesFor } from '../../src/analysis/grouping-stage.js';
import { prepareRun } from '../../src/parts/prepare-run.js';

const withValidation = changed('training:', 'split: { validation: 0.25 }\ntraining:');

describe('applyChange', () => {
  it('sets values by path, keeps what is said, and leaves the configuration before as it is', () => {
    const raw = {
      sharing: { use: 'hard-sharing', encoder: { use: 'mlp' }, adapters: 1 },
      training: { earlyStopping: true },
    };
    const before = structuredClone(raw);
    const experts = applyChange(raw, undefined, {
      set: { 'sharing.use': 'mmoe', 'sharing.experts': 4 },
      keep: ['encoder'],
    });
    expect(experts.sharing).toEqual({ use: 'mmoe', encoder: { use: 'mlp' }, experts: 4 });
    expect(Object.keys(experts.sharing as object)[0]).toBe('use');
    const stopping = applyChange(raw, undefined, { set: { 'training.earlyStopping.restoreBest': 'per-task' } });
    expect(stopping.training).toEqual({ earlyStopping: { restoreBest: 'per-task' } });
    expect(raw).toEqual(before);
    expect(changesOf(raw, stopping).map(({ path }) => path)).toEqual([['training']]);
  });

  it('begins with the default where the run file leaves sharing out', () => {
    const sharing = { use: 'hard-sharing', encoder: { use: 'tabular', units: [64, 32] } };
    const config = applyChange({}, sharing, { set: { 'sharing.encoder.dropout': 0.3 } });
    expect(config.sharing).toEqual({ use: 'hard-sharing', encoder: { use: 'tabular', units: [64, 32], dropout: 0.3 } });
    expect(sharing.encoder).not.toHaveProperty('dropout');
  });

  const turned = changed('use: hard-sharing\n', 'use: hard-sharing\n  rotations: true\n', withValidation);
  it.each([
    ['as they are', withValidation],
    ['of rotations', `${turned}balancing: { use: roto-grad, learningRate: 0.01 }\n`],
    ['of rotations within', `${turned}balancing: { use: cr-mogm, inner: { use: roto-grad, learningRate: 0.01 } }\n`],
  ])('makes run files of all rules that can be prepared, %s', async (_, text) => {
    const base = await loaded(text);
    // What a measurement says: each of the tasks a branch by itself.
    const names = (base.raw.tasks as { name: string }[]).map(({ name }) => name);
    const groups = { groups: names.map((name) => [name]), servedBy: Object.fromEntries(names.map((name, n) => [name, n])) }; // biome-ignore format: one line
    const sharing = branchesFor(groups, base.sections.sharing as unknown as Record<string, unknown>, 1);
    for (const { name, change } of rules) {
      if (change === undefined) continue;
      const made = change === 'measured' ? { set: sharing === undefined ? {} : { sharing } } : change;
      const config = applyChange(base.raw, base.sections.sharing, made);
      const written = toYaml(config, [`a comment\nof two lines: ${name}`]);
      expect(written).toMatch(/^# a comment\n# of two lines: [a-z-]+\n\ndata:/);
      await expect(prepared(written), name).resolves.toHaveProperty('tasks');
    }
  });
});

describe('prepareRun', () => {
  it('takes the observer by which runs are measured', async () => {
    const { gradientObserver } = await import('../../src/advise/measure-run.js');
    const base = await loaded(`${smallRun}observers: [${JSON.stringify(gradientObserver)}]\n`);
    expect((await (await prepareRun(base)).joint()).observers).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { strategyNames } from '../../../../apps/cli/src/completion/strategy-names.js';
import { allNames } from '../../src/parts/names.js';
import { ownStrategies } from '../../src/strategies/own-strategies.js';

const find = (name: string) => ownStrategies().find((strategy) => strategy.name === name);
const option = (name: string, key: string) => find(name)?.options.find((one) => one.name === key);

describe('ownStrategies', () => {
  it('has everything with a short name, each with a line about it', () => {
    const all = ownStrategies();
    expect(all.map(({ name }) => name)).toEqual(allNames());
    expect(all.filter(({ summary }) => summary === '')).toEqual([]);
  });

  it('says of options what they take, whether they are needed, and their defaults', () => {
    expect(option('mlp', 'units')).toEqual({
      name: 'units',
      type: 'a list of: a whole number from 1 to 65536',
      required: true,
      description: 'Width of every layer.',
    });
    expect(option('mlp', 'dropout')).toMatchObject({
      type: 'a number from 0 to below 1',
      required: false,
      default: '0',
    });
    expect(option('adam', 'epsilon')).toMatchObject({ type: 'a number above 0', default: '1e-8' });
    expect(option('adam', 'beta1')).toMatchObject({ default: '0.9', description: 'Decay of the first moment.' });
    expect(option('conv-net', 'padding')).toMatchObject({ type: 'valid, same', default: 'valid: no padding' });
    expect(option('hard-sharing', 'encoder')).toMatchObject({ type: 'encoder', required: true });
    expect(option('multimnist', 'seed')?.default).toBe('1');
    expect(option('classification', 'name')?.required).toBe(true);
  });

  it('has words for the type of every option', () => {
    const all = ownStrategies().flatMap(({ name, options }) => options.map((one) => ({ ...one, of: name })));
    expect(all.filter(({ type }) => type === '' || type === 'anything')).toEqual([]);
  });
});

describe('strategyNames', () => {
  it('reads the same names from the JSON Schema', () => {
    expect(strategyNames().sort()).toEqual(allNames().sort());
  });
});

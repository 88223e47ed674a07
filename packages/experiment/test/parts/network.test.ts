import { describe, expect, it } from 'vitest';
import { buildNetwork, type NetworkConfig } from '../../src/parts/network.js';

const config = {
  tasks: [{ type: 'binary', name: 'a' }],
  sharing: { use: 'hard-sharing', encoder: { use: 'mlp', units: [4] } },
  optimizer: { use: 'sgd' },
} as unknown as NetworkConfig;

const build = async (changes: object = {}) => {
  const told: string[] = [];
  const network = await buildNetwork({ ...config, ...changes }, { folder: '/' }, (path, { message }) => {
    told.push(`${path.join('.')}: ${message}`);
  });
  return { network, told };
};

describe('buildNetwork', () => {
  it('makes what createTrainer takes', async () => {
    expect((await build()).network).toMatchObject({
      tasks: [{ name: 'a' }],
      sharing: { name: 'hard-sharing' },
      optimizer: { name: 'sgd' },
    });
    expect((await build({ balancing: { use: 'sum-of-losses' } })).network).toHaveProperty(
      'balancing.name',
      'sum-of-losses',
    );
  });

  it('tells everything that cannot be made', async () => {
    const changes = {
      tasks: [{ type: 'binary', name: 'a', threshold: 0 }, { type: 'x#y' }],
      balancing: { use: './gone.mjs#x' },
      optimizer: { use: 'sgd', learningRate: 0 },
    };
    const { network, told } = await build(changes);
    expect(network).toBeUndefined();
    expect(told.sort()).toEqual([
      expect.stringMatching(/^balancing\.use: there is no file/),
      expect.stringMatching(/^optimizer\.learningRate: Option/),
      expect.stringMatching(/^tasks\.0\.threshold: Option/),
      expect.stringMatching(/^tasks\.1\.type: the package `x` is not installed/),
    ]);
  });

  it('is nothing without all of its parts', async () => {
    expect(await build({ sharing: undefined })).toEqual({ network: undefined, told: [] });
    expect(await build({ tasks: [] })).toEqual({ network: undefined, told: [] });
  });
});

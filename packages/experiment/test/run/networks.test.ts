import { describe, expect, it } from 'vitest';
import type { NetworkResult, RunDocument } from '../../src/run/document.js';
import { networksOf, resultOf, unfinishedNetwork, withResult } from '../../src/run/networks.js';

const tasks = [{ name: 'a' }, { name: 'b' }] as unknown as RunDocument['tasks'];
const document = (config: object) => ({ config: { seed: 7, compare: 'none', ...config }, tasks }) as RunDocument;
const done = { tasks: {} } as NetworkResult;

describe('networksOf', () => {
  it('has all networks of a seed before those of the next', () => {
    const names = (config: object) => networksOf(document(config)).map(({ name, seed }) => `${name} ${seed}`);
    expect(names({})).toEqual(['joint 7']);
    expect(names({ repeat: 2 })).toEqual(['joint 7', 'repeat-2-joint 8']);
    expect(names({ repeat: 2, compare: 'single-task' })).toEqual([
      ...['joint 7', 'single-task-1 7', 'single-task-2 7'],
      ...['repeat-2-joint 8', 'repeat-2-single-task-1 8', 'repeat-2-single-task-2 8'],
    ]);
  });
});

describe('withResult', () => {
  it('puts every result where it is found again, and the next network is the first without', () => {
    let run = document({ repeat: 3, compare: 'single-task' });
    for (const network of networksOf(run)) {
      expect(unfinishedNetwork(run)).toEqual(network);
      expect(resultOf(run, network)).toBeUndefined();
      // Stopped at first, and trained to its end later.
      run = { ...run, ...withResult(run, network, {} as NetworkResult) };
      expect(unfinishedNetwork(run)).toEqual(network);
      const mark = { ...done, parameters: network.seed * 10 };
      run = { ...run, ...withResult(run, network, mark) };
      expect(resultOf(run, network)).toBe(mark);
    }
    expect(unfinishedNetwork(run)).toBeUndefined();
    expect(run.repeats?.map(({ seed, singleTask }) => [seed, Object.keys(singleTask ?? {})])).toEqual([
      [8, ['a', 'b']],
      [9, ['a', 'b']],
    ]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  adam,
  choice,
  code,
  describedParts,
  describePart,
  descriptionOf,
  either,
  isPart,
  mlp,
  number,
  part,
  withDefault,
} from '../../src/index.js';
import { optional, required } from '../../src/options/option.js';

const cites = [{ authors: 'A. Author', title: 'T', venue: 'V', year: 2020, url: 'https://example.org' }];

const tempered = describePart('loss-weighting', {
  name: 'tempered-losses',
  summary: 'Weights tasks by the softmax of their losses.',
  cites,
  options: { temperature: withDefault(number({ above: 0 }), 1, 'Softness of the weights.', 'paper') },
  make: ({ temperature }) => ({
    bind: () => ({ scalarize: (losses) => tf.sum(tf.mul(tf.softmax(tf.div(losses, temperature)), losses)) }),
  }),
});

describe('a described part', () => {
  it('is made with its defaults, those of its kind included, and says so', () => {
    const made = tempered();
    expect(isPart(made, 'loss-weighting')).toBe(true);
    expect(made).toMatchObject({
      name: 'tempered-losses',
      cites,
      scale: 'tasks',
      options: { temperature: 1, scale: 'tasks' },
    });
    expect(tempered({ scale: 'paper', temperature: 3 })).toMatchObject({ scale: 'paper', options: { temperature: 3 } });
  });

  it('says in its options what a file could say, and not what only code can', () => {
    const told = describePart('auxiliary', {
      name: 'told',
      summary: 'Told by a file or by code.',
      options: {
        by: required(
          either([choice('file'), code<object>('an object', (value) => typeof value === 'object')]),
          'By whom.',
        ),
        tell: optional(
          code<() => void>('a function', (value) => typeof value === 'function'),
          'Whom to tell.',
        ),
      },
      make: () => ({ bind: () => ({ loss: () => tf.scalar(0) }) }),
    });
    expect(told({ by: 'file' }).options).toEqual({ by: 'file', weight: 1, updateEvery: 1 });
    expect(told({ by: { large: new Float32Array(8) }, tell: () => {} }).options).toEqual({ weight: 1, updateEvery: 1 });
  });

  it('may have another default for an option of its kind', () => {
    const published = describePart('loss-weighting', {
      name: 'published',
      summary: 'Weights as they were published.',
      options: { scale: withDefault(choice('tasks', 'paper'), 'paper', 'Scale.') },
      make: () => ({ bind: () => ({ scalarize: (losses) => tf.sum(losses) }) }),
    });
    expect(published().scale).toBe('paper');
    expect(published({ scale: 'tasks' })).toMatchObject({ scale: 'tasks', options: { scale: 'tasks' } });
  });

  it('refuses options that it does not take, by their name', () => {
    expect(() => tempered({ temperature: 0 })).toThrow('Option `temperature` must be a number above 0, but is 0.');
    expect(() => tempered({ temprature: 1 } as never)).toThrow(
      /`temprature`.*no such option.*Did you mean `temperature`\?/,
    );
    expect(() => tempered(null as never)).toThrow('a mapping of options (temperature, scale)');
  });

  it('carries its description, and a module its parts', () => {
    expect(descriptionOf(tempered)).toMatchObject({ kind: 'loss-weighting', name: 'tempered-losses', cites });
    expect(descriptionOf(() => 0)).toBeUndefined();
    expect([...describedParts({ tempered, other: 3, plain: () => 0 }).keys()]).toEqual(['tempered']);
    expect(tempered.name).toBe('temperedLosses');
  });

  it('describes parts among its options as plain data', () => {
    const nested = describePart('sharing', {
      name: 'nested',
      summary: 'For this test.',
      options: { encoder: required(part('encoder'), 'The trunk.') },
      make: () => ({ bind: () => expect.unreachable() }),
    });
    const { options } = nested({ encoder: mlp([4]) });
    expect(JSON.parse(JSON.stringify(options))).toMatchObject({ encoder: { name: 'mlp', options: { units: [4] } } });
    expect(() => nested({ encoder: adam() as never })).toThrow('Option `encoder` must be an encoder');
    expect(() => nested({ encoder: mlp as never })).toThrow('Call it: `mlp(...)`.');
    expect(() => nested({} as never)).toThrow('Option `encoder` must be an encoder, but is undefined.');
  });
});

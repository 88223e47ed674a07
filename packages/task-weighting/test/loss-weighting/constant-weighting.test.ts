import { conformance } from '@polytask/core/testing';
import { describe, expect, test } from 'vitest';
import { constantWeighting, type EpochSeen, weightHandle } from '../../src/loss-weighting/constant-weighting.js';
import { openLosses, weighted } from '../support.js';

const weightsByName = (tasks: readonly string[]) =>
  constantWeighting({ weights: Object.fromEntries(tasks.map((task) => [task, task === 'task2' ? 0.25 : 2])) });
const claims = ['order-of-tasks', 'positive-weights'] as const;
for (const { name, run } of conformance('loss-weighting', weightsByName, { claims })) test(name, run);

test('takes weights as they are given, and 1 where none is', () => {
  const part = constantWeighting({ weights: { task0: 0.5, task2: 0 } });
  expect(weighted(part, [2, 4, 7])).toMatchObject({ value: 5, weights: [0.5, 1, 0] });
  expect(weighted(constantWeighting({ weights: { task0: 3 }, scale: 'tasks' }), [1, 1]).weights).toEqual([1.5, 0.5]);
  expect(part.options).toEqual({ weights: { task0: 0.5, task2: 0 }, scale: 'paper' });
});

test('refuses tasks that there are not, and weights that are none', () => {
  expect(() => weighted(constantWeighting({ weights: { task9: 1 } }), [1])).toThrow('There is no task named `task9`');
  expect(() => constantWeighting({ weights: { task0: -1 } })).toThrow('Option `weights.task0` must be a number from 0');
  const changing = () => ({ task0: Number.NaN });
  expect(() => weighted(constantWeighting({ changing }), [1])).toThrow('`weights.task0` must be a finite number');
  expect(() => constantWeighting({ changing: 3 as never })).toThrow('a function of the epoch, or a weight handle');
});

describe('a function', () => {
  test('gives the weights of every epoch, from what was seen of the one before', async () => {
    const seen: (EpochSeen | undefined)[] = [];
    const part = constantWeighting({
      weights: { task1: 5 },
      changing(epoch, last) {
        seen.push(last);
        return { task0: epoch + 1, ...(last && { task1: last.validation?.task1?.accuracy }) } as { task0: number };
      },
    });
    const opened = openLosses(part, 2);
    expect(opened.step([1, 1]).weights).toEqual([1, 5]);
    await opened.epochEnd([0.5, 2], { task0: {}, task1: { accuracy: 0.75 } });
    expect(opened.step([1, 1]).weights).toEqual([2, 0.75]);
    expect(seen).toEqual([
      undefined,
      { meanLosses: { task0: 0.5, task1: 2 }, validation: { task0: {}, task1: { accuracy: 0.75 } } },
    ]);
    opened.dispose();
  });

  const fading = () => constantWeighting({ changing: (epoch) => ({ task2: 1 / (epoch + 1) }) });
  for (const { name, run } of conformance('loss-weighting', () => fading()).filter(({ name }) =>
    /checkpoint|reset/.test(name),
  )) {
    test(name, run);
  }
});

describe('a handle', () => {
  test('changes weights from the next step on', () => {
    const handle = weightHandle({ task0: 2 });
    const opened = openLosses(constantWeighting({ changing: handle }), 2);
    expect(opened.step([1, 1]).weights).toEqual([2, 1]);
    handle.set({ task1: 0.5 });
    expect(opened.step([1, 1]).weights).toEqual([2, 0.5]);
    handle.set({ task3: 1 });
    expect(() => opened.step([1, 1])).toThrow('There is no task named `task3`');
    opened.dispose();
  });

  test('goes back to the weights of a checkpoint', async () => {
    const handle = weightHandle();
    const opened = openLosses(constantWeighting({ changing: handle }), 2);
    handle.set({ task0: 3 });
    const saved = await opened.saveState();
    handle.set({ task0: 4 });
    opened.loadState(saved);
    expect(handle.get()).toEqual({ task0: 3 });
    opened.dispose();
  });
});

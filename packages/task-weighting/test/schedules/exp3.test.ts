import { conformance } from '@polytask/core/testing';
import { expect, test } from 'vitest';
import { exp3 } from '../../src/schedules/exp3.js';
import { openSchedule, totals } from './support.js';

for (const { name, run } of conformance('schedule', exp3)) test(name, run);

test('tries every task, then goes to the one that learns', () => {
  const opened = openSchedule(exp3({ learningRate: 0.05 }), [10, 10, 10], 8, 3);
  // Task 1 learns, task 0 stands still and task 2 unlearns, by how often they were trained.
  const trained = [0, 0, 0];
  const lossOf = (task: number) => {
    trained[task] = (trained[task] as number) + 1;
    return task === 1 ? 1000 - (trained[1] as number) : task === 0 ? 5 : (trained[2] as number);
  };
  const rows = Array.from({ length: 600 }, () => opened.next(lossOf));
  expect(rows.slice(0, 3)).toEqual([
    [8, 0, 0],
    [0, 8, 0],
    [0, 0, 8],
  ]);
  const [a = 0, b = 0, c = 0] = totals(rows.slice(-200));
  expect(b).toBeGreaterThan(2 * (a + c));
  const logged = opened.log?.() ?? {};
  expect(Object.keys(logged)).toEqual(['probability/task0', 'probability/task1', 'probability/task2']);
  expect(Object.values(logged).reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 10);
});

test('never stops trying the others', () => {
  const opened = openSchedule(exp3({ learningRate: 1, exploration: 0.3 }), [10, 10], 8);
  const rows = Array.from({ length: 400 }, (_, i) => opened.next((task) => (task === 0 ? 1000 - i : i)));
  const [, other = 0] = totals(rows.slice(-300));
  // Half of the explored part is the other task's: 45 of 300 batches; four standard deviations.
  expect(other / 8).toBeGreaterThan(45 - 4 * Math.sqrt(300 * 0.15 * 0.85));
});

test('two updates, worked out by hand', () => {
  const [rate, exploration] = [0.1, 0.2];
  const opened = openSchedule(exp3({ learningRate: rate, exploration }), [1], 1);
  for (const loss of [9, 5, 4]) opened.next(() => loss);
  // A single task has nothing to be compared with.
  expect(opened.log?.()).toEqual({ 'probability/task0': 1 });

  const two = openSchedule(exp3({ learningRate: rate, exploration }), [1, 1], 1);
  // Losses of steps 0 to 3: both tasks at 9, then gains of 4 (rewarded with 0, as it is the only one) and of 8 or −4.
  const losses = [9, 9, 5];
  const arms = losses.map((loss) => two.next(() => loss).indexOf(1));
  const arm = two.next((task) => (task === arms[2] ? 9 : 1)).indexOf(1);
  // Of the gains (4, −4) or (4, 8) the newest lies at one end: r = ∓1, and π was ½ for both.
  const reward = arm === arms[2] ? -1 : 1;
  const moved = [Math.exp((rate * reward) / 0.5), 1] as const;
  const alpha = 1 / 3;
  const mixed = [(1 - alpha) * moved[0] + alpha * moved[1], (1 - alpha) * moved[1] + alpha * moved[0]] as const;
  const share = mixed[0] / (mixed[0] + mixed[1]);
  expect(two.log?.()[`probability/task${arm}`]).toBeCloseTo((1 - exploration) * share + exploration / 2, 10);
});

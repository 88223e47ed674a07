import { conformance } from '@polytask/core/testing';
import { describe, expect, test } from 'vitest';
import { exp3 } from '../../src/schedules/exp3.js';
import { choosesByProgress, openSchedule } from './support.js';

for (const { name, run } of conformance('schedule', exp3)) test(name, run);

describe('exp3', () => choosesByProgress(exp3));

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

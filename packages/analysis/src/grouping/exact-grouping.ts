import { requireOption } from '@polytask/core';
import type { GroupScore } from './affinity-score.js';
import type { Grouping, GroupingProblem } from './grouping-problem.js';

/** For every set of tasks, as bits: the most that a group of one cost gives the set, and which group that is. */
interface Service {
  readonly cost: number;
  readonly value: Float64Array;
  readonly group: Int32Array;
}

/** The best grouping by dynamic programming over sets of tasks, as `bestGrouping` describes. */
export function exactGrouping({ tasks, score, budget, cost }: GroupingProblem): Grouping {
  const services = servicesOf(tasks, score, cost);
  const cheapest = Math.min(...services.map((service) => service.cost));
  requireOption(budget >= cheapest * (1 - rounding), 'budget', `at least what one group costs, ${cheapest}`, budget);
  const solved = partition(tasks, budget, services);
  requireOption(solved !== undefined, 'budget', 'enough for groups that hold every task', budget);
  const { sets, groups } = solved as Solution;
  const members = groups.map((mask) => tasksIn(mask, tasks));
  // Two served sets may have the same group.
  const distinct = members.filter((_, n) => groups.indexOf(groups[n] as number) === n);
  const servedBy = Array.from({ length: tasks }, (_, task) => {
    const n = sets.findIndex((mask) => (mask & (1 << task)) !== 0);
    return distinct.indexOf(members[groups.indexOf(groups[n] as number)] as number[]);
  });
  const total = servedBy.reduce((sum, n, task) => sum + score(task, distinct[n] as number[]), 0) / tasks;
  return { groups: distinct, servedBy, score: total, bound: total, exact: true };
}

const rounding = 1e-9;

function tasksIn(mask: number, tasks: number): number[] {
  return Array.from({ length: tasks }, (_, task) => task).filter((task) => (mask & (1 << task)) !== 0);
}

/** By cost, cheapest first. */
function servicesOf(tasks: number, score: GroupScore, cost: GroupingProblem['cost']): Service[] {
  const all = 1 << tasks;
  const services = new Map<number, Service>();
  const sums = new Float64Array(all);
  for (let mask = 1; mask < all; mask++) {
    const group = tasksIn(mask, tasks);
    const price = cost(group);
    requireOption(price > 0, 'cost', 'a number above 0 for every group', price);
    const service = services.get(price) ?? {
      cost: price,
      value: new Float64Array(all).fill(Number.NEGATIVE_INFINITY),
      group: new Int32Array(all),
    };
    services.set(price, service);
    const scores = group.map((task) => score(task, group));
    // Every set within the group, its sum from that of the set without its lowest task.
    sums[0] = 0;
    for (let set = mask & -mask; set !== 0; set = nextWithin(set, mask)) {
      const low = set & -set;
      const value = (sums[set ^ low] as number) + (scores[group.indexOf(31 - Math.clz32(low))] as number);
      sums[set] = value;
      if (value > (service.value[set] as number)) {
        service.value[set] = value;
        service.group[set] = mask;
      }
    }
  }
  return [...services.values()].sort((a, b) => a.cost - b.cost);
}

/** The next larger set within a mask; 0 after the last one. */
function nextWithin(set: number, mask: number): number {
  return (set - mask) & mask;
}

interface Solution {
  /** Which tasks each group serves, as bits. */
  readonly sets: number[];
  readonly groups: number[];
}

/** Parts all tasks into served sets. Undefined where the budget does not reach. */
function partition(tasks: number, budget: number, services: readonly Service[]): Solution | undefined {
  const all = 1 << tasks;
  const budgets = reachable(budget, services);
  const tables = new Map<number, { value: Float64Array; set: Int32Array; service: Int32Array }>();
  const affordable = (left: number) => services.filter((service) => service.cost <= left * (1 + rounding));
  const after = (left: number, service: Service) => keyOf(left - service.cost);
  for (const left of budgets) {
    const value = new Float64Array(all).fill(Number.NEGATIVE_INFINITY);
    const table = { value, set: new Int32Array(all), service: new Int32Array(all) };
    tables.set(left, table);
    value[0] = 0;
    affordable(left).forEach((service, n) => {
      const rest = tables.get(after(left, service))?.value;
      for (let mask = 1; mask < all; mask++) {
        const low = mask & -mask;
        const others = mask ^ low;
        // The set that serves the lowest task, with every choice of others.
        for (let more = 0; ; more = nextWithin(more, others)) {
          const set = low | more;
          const remaining = mask ^ set;
          const without = remaining === 0 ? 0 : (rest?.[remaining] ?? Number.NEGATIVE_INFINITY);
          const found = (service.value[set] as number) + without;
          if (found > (value[mask] as number) + 1e-15) {
            value[mask] = found;
            table.set[mask] = set;
            table.service[mask] = n;
          }
          if (more === others) break;
        }
      }
    });
  }
  const solution: Solution = { sets: [], groups: [] };
  let left = keyOf(budget);
  for (let mask = all - 1; mask !== 0; ) {
    const table = tables.get(left);
    const set = table?.set[mask] ?? 0;
    if (set === 0) return undefined;
    const service = affordable(left)[table?.service[mask] as number] as Service;
    solution.sets.push(set);
    solution.groups.push(service.group[set] as number);
    mask ^= set;
    left = after(left, service);
  }
  return solution;
}

/** Sums of costs differ by rounding. */
const keyOf = (left: number) => Math.round(left * 1e6) / 1e6;

/** All that may be left of the budget, least first. */
function reachable(budget: number, services: readonly Service[]): number[] {
  const found = new Set<number>();
  const visit = (left: number) => {
    if (left < 0 || found.has(left)) return;
    found.add(left);
    for (const service of services) visit(keyOf(left - service.cost));
  };
  visit(keyOf(budget));
  return [...found].sort((a, b) => a - b);
}

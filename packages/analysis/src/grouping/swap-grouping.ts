import { requireOption } from '@polytask/core';
import type { Grouping, GroupingProblem } from './grouping-problem.js';

/**
 * A good grouping for many tasks: begins with all tasks in one group, and with each task in the least full of as many groups as the
 * budget allows, and takes the best change of one task at a time, adding it to a group, taking it out, moving it, or opening a group
 * for it, until none is for the better.
 */
export function swapGrouping(problem: GroupingProblem): Grouping {
  const { tasks, score, budget, cost } = problem;
  const everything = Array.from({ length: tasks }, (_, task) => task);
  const affordable = (groups: Groups) => groups.reduce((sum, group) => sum + cost(group), 0) <= budget * (1 + 1e-9);
  const starts: Groups[] = [[everything]];
  const most = Math.max(1, Math.floor(budget / cost([0, 1].slice(0, tasks))));
  starts.push(...[most].filter((n) => n > 1).map((n) => seeded(problem, Math.min(n, tasks))));
  const possible = starts.filter(affordable);
  requireOption(
    possible.length > 0,
    'budget',
    `at least what one group of all tasks costs, ${cost(everything)}`,
    budget,
  );
  let best: Groups = possible[0] as Groups;
  for (const start of possible) {
    const found = climb(problem, start, affordable);
    if (totalOf(problem, found) > totalOf(problem, best)) best = found;
  }
  const groups = best
    .map((group) => [...group].sort((a, b) => a - b))
    .sort((a, b) => (a[0] as number) - (b[0] as number));
  const servedBy = everything.map((task) => servingGroup(problem, groups, task));
  // A group that serves nobody is not needed.
  const needed = groups.filter((_, n) => servedBy.includes(n));
  const value = totalOf(problem, needed) / tasks;
  const bound =
    everything.reduce((sum, task) => {
      const pairs = everything.map((other) =>
        score(task, other === task ? [task] : [task, other].sort((a, b) => a - b)),
      );
      return sum + Math.max(...pairs);
    }, 0) / tasks;
  return {
    groups: needed,
    servedBy: servedBy.map((n) => needed.indexOf(groups[n] as number[])),
    score: value,
    bound: Math.max(bound, value),
    exact: bound <= value,
  };
}

type Groups = readonly (readonly number[])[];

/** Groups around tasks that score worst with each other; every other task goes where it scores best. */
function seeded({ tasks, score }: GroupingProblem, count: number): Groups {
  const groups: number[][] = [[0]];
  const nearness = (task: number, group: readonly number[]) =>
    Math.max(...group.map((other) => score(task, [task, other]) + score(other, [task, other])));
  while (groups.length < count) {
    const placed = new Set(groups.flat());
    const others = Array.from({ length: tasks }, (_, task) => task).filter((task) => !placed.has(task));
    const far = others.map((task) => Math.max(...groups.map((group) => nearness(task, group))));
    groups.push([others[far.indexOf(Math.min(...far))] as number]);
  }
  const seeds = groups.map(([seed]) => seed as number);
  for (let task = 0; task < tasks; task++) {
    if (seeds.includes(task)) continue;
    const near = seeds.map((seed) => nearness(task, [seed]));
    groups[near.indexOf(Math.max(...near))]?.push(task);
  }
  return groups;
}

function climb(problem: GroupingProblem, start: Groups, affordable: (groups: Groups) => boolean): Groups {
  let groups = start;
  let value = totalOf(problem, groups);
  for (;;) {
    let [best, bestValue] = [groups, value];
    for (const changed of changesOf(groups, problem.tasks)) {
      if (!affordable(changed)) continue;
      const found = totalOf(problem, changed);
      if (found > bestValue + 1e-12 * Math.max(1, Math.abs(bestValue))) [best, bestValue] = [changed, found];
    }
    if (best === groups) return groups;
    [groups, value] = [best, bestValue];
  }
}

/** Groupings that differ in one task. */
function* changesOf(groups: Groups, tasks: number): Generator<Groups> {
  for (let task = 0; task < tasks; task++) {
    for (const [n, group] of groups.entries()) {
      const has = group.includes(task);
      const changed = has ? group.filter((other) => other !== task) : [...group, task];
      yield withGroup(groups, n, changed);
      if (has) {
        // Moved elsewhere, or to a group of its own.
        for (const [m, other] of groups.entries()) {
          if (m !== n && !other.includes(task)) yield withGroup(withGroup(groups, m, [...other, task]), n, changed);
        }
        if (group.length > 1) yield [...withGroup(groups, n, changed), [task]];
      }
    }
    yield [...groups, [task]];
  }
  for (const [n, group] of groups.entries()) {
    for (const [m, other] of groups.entries()) {
      if (n >= m) continue;
      const joined = [...new Set([...group, ...other])];
      yield [...groups.filter((_, k) => k !== n && k !== m), joined];
    }
  }
}

/** With another group in a place; without the place where the group is empty. */
function withGroup(groups: Groups, place: number, group: readonly number[]): Groups {
  return groups.flatMap((old, n) => (n === place ? (group.length === 0 ? [] : [group]) : [old]));
}

/** Sum over tasks of their best scores; −∞ where a task is in no group. */
function totalOf(problem: GroupingProblem, groups: Groups): number {
  let total = 0;
  for (let task = 0; task < problem.tasks; task++) {
    let best = Number.NEGATIVE_INFINITY;
    for (const group of groups) if (group.includes(task)) best = Math.max(best, problem.score(task, group));
    total += best;
  }
  return total;
}

function servingGroup(problem: GroupingProblem, groups: Groups, task: number): number {
  const scores = groups.map((group) => (group.includes(task) ? problem.score(task, group) : Number.NEGATIVE_INFINITY));
  return scores.indexOf(Math.max(...scores));
}

import {
  list,
  optional,
  type ParameterLayout,
  PolytaskError,
  type Segment,
  ShapeMismatchError,
  text,
  UnknownNameError,
} from '@polytask/core';

/** A variable of which several tasks have a copy each. */
export interface TiedVariable {
  /** Path of the copies, with `<task>` in place of its name: `columns/<task>/dense0/kernel`. */
  readonly name: string;
  /** In task order, at least two. */
  readonly tasks: readonly string[];
  /** In task order, all of one shape. */
  readonly copies: readonly Segment[];
  readonly shape: readonly number[];
}

/** The option `layers` of all ties. */
export const layersOption = optional(
  list(text('a layer'), { least: 1 }),
  'Which layers are tied, by any neighbouring parts of their paths: `dense0`, `heads`, or `columns/<task>/dense0`, as it stands.',
  'all that every task has a copy of, in the same shape',
);

/**
 * The variables of which tasks have copies: their paths differ in the name of the task alone. It does not matter which
 * strategy built them, so heads above a shared trunk are found as columns are.
 *
 * @param layers Names by {@link layersOption}.
 * @param vectors Whether those of one axis (biases) count too.
 * @returns Nothing with a single task.
 */
export function tiedVariables(
  layout: ParameterLayout,
  layers: readonly string[] | undefined,
  vectors: boolean,
): readonly TiedVariable[] {
  const { tasks } = layout;
  if (tasks.length === 1) return [];
  const copied = copiesOf(layout).filter(({ shape }) => vectors || shape.length > 1);
  const found =
    layers === undefined
      ? copied.filter((one) => one.copies.length === tasks.length && differing(one) === undefined)
      : chosen(copied, layers);
  if (found.length > 0) return found;
  throw new PolytaskError(
    'POLYTASK_TIES',
    'A tie needs layers of which each task has a copy in the same shape, but this model has none. ' +
      'Use a sharing strategy with a network per task, such as `soft-sharing`, or heads of the same shape.',
  );
}

/** All variables whose paths differ in the task alone, whatever their shapes. */
function copiesOf({ tasks, segments }: ParameterLayout): TiedVariable[] {
  const patterns = new Map<string, Map<string, Segment>>();
  for (const segment of segments) {
    // Thresholds and noise levels of tasks are no layers.
    if (segment.group !== 'model' || segment.path.startsWith('tasks/')) continue;
    const parts = segment.path.split('/');
    parts.slice(0, -1).forEach((task, at) => {
      if (!tasks.includes(task)) return;
      const pattern = parts.map((one, i) => (i === at ? '<task>' : one)).join('/');
      patterns.set(pattern, (patterns.get(pattern) ?? new Map<string, Segment>()).set(task, segment));
    });
  }
  // A task may be called as a layer is. The place at which most tasks have something counts.
  const taken = new Set<Segment>();
  return [...patterns]
    .sort(([, a], [, b]) => b.size - a.size)
    .flatMap(([name, byTask]) => {
      const free = tasks.filter((task) => byTask.has(task) && !taken.has(byTask.get(task) as Segment));
      if (free.length < 2) return [];
      const copies = free.map((task) => byTask.get(task) as Segment);
      for (const copy of copies) taken.add(copy);
      return [{ name, tasks: free, copies, shape: copies[0]?.shape ?? [] }];
    });
}

/** Those that the user named; each name must be of some. */
function chosen(copied: readonly TiedVariable[], layers: readonly string[]): TiedVariable[] {
  const has = (name: string, layer: string) => `/${name}/`.includes(`/${layer}/`);
  for (const layer of layers) {
    if (copied.some(({ name }) => has(name, layer))) continue;
    const known = new Set(copied.map(({ name }) => name.slice(0, name.lastIndexOf('/'))));
    throw new UnknownNameError('layer of which tasks have copies', layer, [...known], 'layers');
  }
  const found = copied.filter(({ name }) => layers.some((layer) => has(name, layer)));
  for (const one of found) {
    const other = differing(one);
    if (other === undefined) continue;
    throw new ShapeMismatchError(
      `\`${other.path}\`, which is tied to \`${one.copies[0]?.path}\`,`,
      one.shape,
      other.shape,
      'Name layers in `layers` that are alike in all tasks.',
    );
  }
  return found;
}

function differing({ copies, shape }: TiedVariable): Segment | undefined {
  return copies.find((copy) => copy.shape.join() !== shape.join());
}

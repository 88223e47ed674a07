import type { ParameterLayout, Segment, SegmentRange } from '../contracts/parameters.js';
import type { Registration } from './build-scope.js';

/**
 * Gives every variable its place in the flat store: shared by all tasks first, then partly shared, then each task's own in
 * task order, then used by no task, balancing variables last; among equals in order of creation. Neighbours with the same tasks,
 * group and learning rate form a range.
 */
export function createLayout(tasks: readonly string[], registry: readonly Registration[]): ParameterLayout {
  const rank = (registration: Registration): number[] => {
    const { usedBy, group } = registration;
    const first = tasks.indexOf(usedBy[0] ?? '');
    return [group === 'balancing' ? 1 : 0, -usedBy.length, first < 0 ? tasks.length : first];
  };
  const compare = (a: Registration, b: Registration): number => {
    const [left, right] = [rank(a), rank(b)];
    for (let i = 0; i < left.length; i++) {
      const difference = (left[i] as number) - (right[i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const trainable = registry.filter((registration) => registration.trainable).sort(compare);
  const segments = place(trainable);
  const stateSegments = place(registry.filter((registration) => !registration.trainable));
  // Balancing variables lie at the end, whatever tasks use them.
  const isShared = (segment: Segment) =>
    segment.group !== 'balancing' &&
    (segment.usedBy.length >= 2 || (tasks.length === 1 && segment.usedBy.length === 1));
  return {
    tasks,
    segments,
    stateSegments,
    size: total(segments),
    stateSize: total(stateSegments),
    sharedSize: total(segments.filter(isShared)),
    ranges: rangesOf(segments),
  };
}

function rangeKey({ usedBy, group, learningRate }: Pick<SegmentRange, 'usedBy' | 'group' | 'learningRate'>): string {
  return [group, learningRate ?? '', ...usedBy].join('\u0000');
}

function place(registrations: readonly Registration[]): Segment[] {
  let offset = 0;
  return registrations.map((registration) => {
    const size = registration.variable.size;
    const segment: Segment = {
      path: registration.path,
      layer: registration.path.slice(0, Math.max(0, registration.path.lastIndexOf('/'))),
      group: registration.group,
      learningRate: registration.learningRate,
      ...(registration.overRows && { overRows: true as const }),
      shape: registration.variable.shape,
      offset,
      size,
      usedBy: registration.usedBy,
      variable: registration.variable,
    };
    offset += size;
    return segment;
  });
}

function total(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.size, 0);
}

function rangesOf(segments: readonly Segment[]): SegmentRange[] {
  const ranges: (Omit<SegmentRange, 'size'> & { size: number })[] = [];
  for (const segment of segments) {
    const last = ranges.at(-1);
    const { usedBy, group, learningRate, offset, size } = segment;
    if (last !== undefined && rangeKey(last) === rangeKey(segment)) last.size += size;
    else ranges.push({ usedBy, group, learningRate, offset, size });
  }
  return ranges;
}

import type * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParameterLayout } from '../../src/contracts/parameters.js';
import type { Registration } from '../../src/model/build-scope.js';
import { createLayout } from '../../src/model/parameter-layout.js';

/** Registrations with variables that are only as large as they say. */
function registration(
  path: string,
  size: number,
  usedBy: readonly string[],
  options: Partial<Registration> = {},
): Registration {
  const variable = { size, shape: [size] } as unknown as tf.Variable;
  return { path, variable, trainable: true, group: 'model', learningRate: undefined, usedBy, owned: true, ...options };
}

const paths = ({ segments }: ParameterLayout) => segments.map(({ path }) => path);
const ranges = (layout: ParameterLayout) =>
  layout.ranges.map(({ usedBy, group, offset, size }) => [usedBy.join('+'), group, offset, size]);

describe('order', () => {
  it('is: shared by all, shared by some, own in task order, used by none, balancing', () => {
    const layout = createLayout(
      ['a', 'b', 'c'],
      [
        registration('balancing/w', 3, [], { group: 'balancing' }),
        registration('heads/c/kernel', 5, ['c']),
        registration('discriminator/kernel', 7, []),
        registration('branch/kernel', 11, ['b', 'c']),
        registration('heads/a/kernel', 13, ['a']),
        registration('trunk/kernel', 17, ['a', 'b', 'c']),
        registration('trunk/bias', 19, ['a', 'b', 'c']),
        registration('heads/b/kernel', 23, ['b']),
        registration('branch0/kernel', 29, ['a', 'c']),
      ],
    );
    expect(paths(layout)).toEqual([
      'trunk/kernel',
      'trunk/bias',
      'branch0/kernel',
      'branch/kernel',
      'heads/a/kernel',
      'heads/b/kernel',
      'heads/c/kernel',
      'discriminator/kernel',
      'balancing/w',
    ]);
    expect(ranges(layout)).toEqual([
      ['a+b+c', 'model', 0, 36],
      ['a+c', 'model', 36, 29],
      ['b+c', 'model', 65, 11],
      ['a', 'model', 76, 13],
      ['b', 'model', 89, 23],
      ['c', 'model', 112, 5],
      ['', 'model', 117, 7],
      ['', 'balancing', 124, 3],
    ]);
    expect(layout).toMatchObject({ size: 127, sharedSize: 76, stateSize: 0 });
  });

  it('is that of creation among equals, whatever their group: the last shared layer stays last', () => {
    const layout = createLayout(
      ['a', 'b'],
      [
        registration('z/kernel', 1, ['a', 'b']),
        registration('units/alpha', 1, ['a', 'b'], { group: 'slow', learningRate: 0.5 }),
        registration('a/kernel', 1, ['a', 'b']),
      ],
    );
    expect(paths(layout)).toEqual(['z/kernel', 'units/alpha', 'a/kernel']);
    expect(layout.ranges.map(({ learningRate }) => learningRate)).toEqual([undefined, 0.5, undefined]);
  });
});

describe('the shared part', () => {
  const shared = (tasks: string[], ...usedBy: string[][]) =>
    createLayout(
      tasks,
      usedBy.map((names, i) => registration(`v${i}`, 2 ** i, names)),
    ).sharedSize;

  it('is all where all is used by all', () => expect(shared(['a', 'b'], ['a', 'b'], ['a', 'b'])).toBe(3));
  it('is what at least two tasks use', () =>
    expect(shared(['a', 'b', 'c'], ['a'], ['b', 'c'], ['a', 'b', 'c'])).toBe(6));
  it('is nothing where every task has its own', () => expect(shared(['a', 'b'], ['a'], ['b'], [])).toBe(0));
  it('is all that a single task uses', () => expect(shared(['a'], ['a'], [], ['a'])).toBe(5));
  it('is never a balancing variable', () => {
    const layout = createLayout(
      ['a', 'b'],
      [
        registration('log-variances', 2, ['a', 'b'], { group: 'balancing' }),
        registration('trunk', 3, ['a', 'b']),
        registration('head', 5, ['b']),
      ],
    );
    expect(layout.sharedSize).toBe(3);
    expect(paths(layout)).toEqual(['trunk', 'head', 'log-variances']);
  });
});

it('names the layer of a path', () => {
  const layout = createLayout(['a'], [registration('trunk/dense0/kernel', 1, ['a']), registration('alone', 1, ['a'])]);
  expect(layout.segments.map(({ layer }) => layer)).toEqual(['trunk/dense0', '']);
});

it('has statistics in a vector of their own', () => {
  const statistic = { trainable: false };
  const layout = createLayout(
    ['a', 'b'],
    [
      registration('heads/b/mean', 2, ['b'], statistic),
      registration('trunk/kernel', 3, ['a', 'b']),
      registration('trunk/mean', 4, ['a', 'b'], statistic),
    ],
  );
  expect(paths(layout)).toEqual(['trunk/kernel']);
  expect(layout.stateSegments.map(({ path, offset, size }) => [path, offset, size])).toEqual([
    ['heads/b/mean', 0, 2],
    ['trunk/mean', 2, 4],
  ]);
  expect(layout.stateSize).toBe(6);
});

describe('for any model', () => {
  const allTasks = ['a', 'b', 'c', 'd'];
  const models = fc.integer({ min: 1, max: 4 }).chain((k) => {
    const tasks = allTasks.slice(0, k);
    const variable = fc.record({
      size: fc.integer({ min: 1, max: 9 }),
      usedBy: fc.subarray(tasks),
      trainable: fc.boolean(),
      group: fc.constantFrom('model', 'slow', 'balancing'),
      learningRate: fc.constantFrom(undefined, 0.1),
    });
    return fc.record({ tasks: fc.constant(tasks), variables: fc.array(variable, { maxLength: 12 }) });
  });
  const laidOut = ({
    tasks,
    variables,
  }: {
    tasks: string[];
    variables: (Partial<Registration> & { size: number })[];
  }) =>
    createLayout(
      tasks,
      variables.map(({ size, usedBy, ...options }, i) =>
        registration(`layer${i % 3}/v${i}`, size, usedBy ?? [], options),
      ),
    );

  it('segments and ranges tile the vector without gaps, and nothing is lost', () => {
    fc.assert(
      fc.property(models, (model) => {
        const layout = laidOut(model);
        for (const [parts, size] of [
          [layout.segments, layout.size],
          [layout.ranges, layout.size],
          [layout.stateSegments, layout.stateSize],
        ] as const) {
          let end = 0;
          for (const part of parts) {
            expect(part.offset).toBe(end);
            expect(part.size).toBeGreaterThan(0);
            end += part.size;
          }
          expect(end).toBe(size);
        }
        const all = [...layout.segments, ...layout.stateSegments];
        expect(new Set(all.map(({ path }) => path)).size).toBe(model.variables.length);
        expect(all).toHaveLength(model.variables.length);
      }),
    );
  });

  it('the shared part is a beginning that has exactly what several tasks use', () => {
    fc.assert(
      fc.property(models, (model) => {
        const layout = laidOut(model);
        for (const { offset, size, usedBy, group } of layout.segments) {
          const shared = group !== 'balancing' && usedBy.length >= Math.min(2, model.tasks.length);
          expect(offset + size <= layout.sharedSize).toBe(shared);
          expect(offset >= layout.sharedSize).toBe(!shared);
        }
      }),
    );
  });

  it('every segment lies in a range of its kind, neighbouring ranges differ, and balancing comes last', () => {
    fc.assert(
      fc.property(models, (model) => {
        const layout = laidOut(model);
        const kind = ({ usedBy, group, learningRate }: (typeof layout.ranges)[number]) =>
          JSON.stringify([usedBy, group, learningRate]);
        for (const segment of layout.segments) {
          const range = layout.ranges.find(
            ({ offset, size }) => segment.offset >= offset && segment.offset < offset + size,
          );
          expect(range && kind(range)).toBe(kind(segment));
        }
        layout.ranges.slice(1).forEach((range, i) => {
          expect(kind(range)).not.toBe(kind(layout.ranges[i] as typeof range));
        });
        const groups = layout.segments.map(({ group }) => group === 'balancing');
        expect(groups).toEqual([...groups].sort());
      }),
    );
  });
});

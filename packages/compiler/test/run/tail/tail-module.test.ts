import fc from 'fast-check';
import { expect, test } from 'vitest';
import { operations } from '../../../src/ir/operations.js';
import type { Value } from '../../../src/ir/value.js';
import type { Tail, TailOperand, TailStep } from '../../../src/rewrite/find-tail.js';
import { tailModule, tailNames } from '../../../src/run/tail/tail-module.js';

const formulas: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  Minimum: Math.min,
  Maximum: Math.max,
  Sqrt: Math.sqrt,
  Neg: (a) => -a,
  Abs: Math.abs,
};
const unary = ['Sqrt', 'Neg', 'Abs'];
const tailOperations = [...operations].flatMap(([op, { instruction }]) => (instruction === undefined ? [] : [op]));
const numbers = fc.oneof(
  fc.float({ noNaN: false }),
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40),
);
const [arrayCount, scalarCount] = [3, 2];

/** Steps on arrays, numbers, constants and earlier steps. */
const programs = fc
  .array(fc.tuple(fc.constantFrom(...tailOperations), fc.nat(), fc.nat(), numbers), { minLength: 1, maxLength: 12 })
  .map((drawn) => {
    const steps: TailStep[] = [];
    const isScalar = (operand: TailOperand) =>
      'step' in operand ? (steps[operand.step] as TailStep).isScalar : !('array' in operand);
    for (const [op, first, second, constant] of drawn) {
      const operands: TailOperand[] = [
        ...Array.from({ length: arrayCount }, (_, array) => ({ array })),
        ...Array.from({ length: scalarCount }, (_, scalar) => ({ scalar })),
        { constant: Math.fround(constant) },
        ...steps.map((_, step) => ({ step })),
      ];
      const chosen = (unary.includes(op) ? [first] : [first, second]).map(
        (k) => operands[k % operands.length] as TailOperand,
      );
      steps.push({ op, operands: chosen, isScalar: chosen.every(isScalar) });
    }
    return steps;
  });

test('computes what its steps say, at every length, in place or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      programs,
      fc.integer({ min: 1, max: 19 }),
      fc.array(numbers, { minLength: 1, maxLength: 20 }),
      fc.array(numbers, { minLength: scalarCount, maxLength: scalarCount }),
      fc.boolean(),
      async (steps, size, values, scalars, inPlace) => {
        const vectors = steps.flatMap(({ isScalar }, k) => (isScalar ? [] : [k])).slice(-arrayCount);
        const unused = (count: number) => new Array<Value>(count).fill(undefined as never);
        const tail: Tail = {
          size,
          arrays: unused(arrayCount),
          scalars: unused(scalarCount),
          steps,
          outputs: new Map(vectors.map((step) => [`${step}`, step])),
        };
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
        const { instance } = await WebAssembly.instantiate(tailModule(tail), {
          [tailNames.module]: { [tailNames.memory]: memory },
        });
        const places = Array.from({ length: 2 * arrayCount }, (_, i) => 128 * i);
        const arrays = places.slice(0, arrayCount).map((place, a) => {
          const array = new Float32Array(memory.buffer, place, size);
          array.forEach((_, i) => {
            array[i] = values[(i + 7 * a) % values.length] as number;
          });
          return array.slice();
        });
        const given = scalars.map(Math.fround);
        const expected = vectors.map(() => new Float32Array(size));
        for (let i = 0; i < size; i++) {
          const done: number[] = [];
          const read = (operand: TailOperand): number => {
            if ('array' in operand) return (arrays[operand.array] as Float32Array)[i] as number;
            if ('scalar' in operand) return given[operand.scalar] as number;
            return 'step' in operand ? (done[operand.step] as number) : operand.constant;
          };
          for (const { op, operands } of steps) {
            const [a, b] = operands.map(read) as [number, number];
            done.push(Math.fround((formulas[op] as (typeof formulas)[string])(a, b)));
          }
          vectors.forEach((step, v) => {
            (expected[v] as Float32Array)[i] = done[step] as number;
          });
        }
        const outputs = vectors.map((_, v) => places[inPlace ? v : arrayCount + v] as number);
        const run = instance.exports[tailNames.run] as (...parameters: number[]) => void;
        run(16 * Math.ceil(size / 4), ...places.slice(0, arrayCount), ...outputs, ...given);
        outputs.forEach((place, v) => {
          expect(new Float32Array(memory.buffer, place, size)).toEqual(expected[v]);
        });
      },
    ),
    { numRuns: 300 },
  );
});

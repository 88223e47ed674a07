import { operations } from '../../ir/operations.js';
import type { Tail, TailOperand } from '../../rewrite/find-tail.js';

/*
 * A tail as a WebAssembly module, four numbers at a time. The binary format is that of the WebAssembly Core Specification 2.0,
 * https://www.w3.org/TR/wasm-core-2/ (sections 5.3 to 5.5).
 */

const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const instructions = {
  loop: 0x03,
  end: 0x0b,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  i32Const: 0x41,
  f32Const: 0x43,
  i32LessUnsigned: 0x49,
  i32Add: 0x6a,
  vector: 0xfd,
} as const;
const vectorInstructions = { load: 0, store: 11, splat: 19 } as const;
const withoutResult = 0x40;
/** Vectors are aligned to 2⁴ bytes. */
const alignment = 4;

/** Names of what the module imports and exports. */
export const tailNames = { module: 'tail', memory: 'memory', run: 'run' } as const;

/**
 * A module whose function `run(bytes, ...arrays, ...outputs, ...scalars)` does a tail's steps on vectors of `bytes` bytes, a multiple of 16.
 * `arrays` and `outputs` are places in the memory; an output may have the place of an array.
 */
export function tailModule(tail: Tail): Uint8Array<ArrayBuffer> {
  const { arrays, scalars, steps, outputs } = tail;
  const given = [...outputs.values()];
  // Parameters of the function, then its local variables, are numbered from 0.
  let count = 0;
  const numbered = (length: number) => Array.from({ length }, () => count++);
  const [bytes] = numbered(1) as [number];
  const [arrayPlaces, outputPlaces, scalarNumbers] = [arrays.length, given.length, scalars.length].map(numbered) as [
    number[],
    number[],
    number[],
  ];
  const parameters = [
    ...new Array<number>(1 + arrays.length + given.length).fill(types.i32),
    ...new Array<number>(scalars.length).fill(types.f32),
  ];
  const [at] = numbered(1) as [number];
  const constants = [...new Set(steps.flatMap(({ operands }) => operands.flatMap(constantOf)).map(keyOf))];
  const [arrayVectors, scalarVectors, constantVectors, stepVectors] = [
    arrays.length,
    scalars.length,
    constants.length,
    steps.length,
  ].map(numbered) as [number[], number[], number[], number[]];

  const vectorOf = (operand: TailOperand): number => {
    if ('array' in operand) return arrayVectors[operand.array] as number;
    if ('scalar' in operand) return scalarVectors[operand.scalar] as number;
    if ('step' in operand) return stepVectors[operand.step] as number;
    return constantVectors[constants.indexOf(keyOf(operand.constant))] as number;
  };
  const stepCode = (k: number) => {
    const { op, operands } = steps[k] as Tail['steps'][number];
    return [
      ...operands.flatMap((one) => get(vectorOf(one))),
      ...vector(operations.get(op)?.instruction as number),
      ...set(stepVectors[k] as number),
    ];
  };
  const numbers = [...steps.keys()];
  const address = (place: number) => [...get(place), ...get(at), instructions.i32Add];
  const code = [
    ...scalars.flatMap((_, i) => [...get(scalarNumbers[i] as number), ...splat(scalarVectors[i] as number)]),
    ...constants.flatMap((constant, i) => [
      instructions.f32Const,
      ...float(Number(constant)),
      ...splat(constantVectors[i] as number),
    ]),
    ...numbers.filter((k) => steps[k]?.isScalar).flatMap(stepCode),
    instructions.loop,
    withoutResult,
    ...arrays.flatMap((_, i) => [
      ...address(arrayPlaces[i] as number),
      ...memory(vectorInstructions.load),
      ...set(arrayVectors[i] as number),
    ]),
    ...numbers.filter((k) => !steps[k]?.isScalar).flatMap(stepCode),
    ...given.flatMap((step, i) => [
      ...address(outputPlaces[i] as number),
      ...get(stepVectors[step] as number),
      ...memory(vectorInstructions.store),
    ]),
    ...[...get(at), instructions.i32Const, 16, instructions.i32Add, ...set(at)],
    ...[...get(at), ...get(bytes), instructions.i32LessUnsigned, instructions.branchIf, 0],
    instructions.end,
    instructions.end,
  ];
  const vectors = arrays.length + scalars.length + constants.length + steps.length;
  const locals = list([
    [...unsigned(1), types.i32],
    [...unsigned(vectors), types.v128],
  ]);
  const body = [...locals, ...code];
  const functionType = [0x60, ...unsigned(parameters.length), ...parameters, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(sections.type, [functionType]),
    ...section(sections.import, [[...text(tailNames.module), ...text(tailNames.memory), 0x02, 0x00, 0x01]]),
    ...section(sections.function, [[0]]),
    ...section(sections.export, [[...text(tailNames.run), 0x00, 0]]),
    ...section(sections.code, [[...unsigned(body.length), ...body]]),
  ]);
}

function constantOf(operand: TailOperand): number[] {
  return 'constant' in operand ? [operand.constant] : [];
}

/** -0 and 0 are different constants. */
function keyOf(constant: number): string {
  return Object.is(constant, -0) ? '-0' : String(constant);
}

const get = (local: number) => [instructions.localGet, ...unsigned(local)];
const set = (local: number) => [instructions.localSet, ...unsigned(local)];
const vector = (instruction: number) => [instructions.vector, ...unsigned(instruction)];
const memory = (instruction: number) => [...vector(instruction), alignment, 0];
const splat = (local: number) => [...vector(vectorInstructions.splat), ...set(local)];
const float = (value: number) => [...new Uint8Array(Float32Array.of(value).buffer)];

/** A list of encoded entries, with their number in front. */
function list(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()];
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  const content = list(entries);
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}

/** A whole number from 0 in LEB128: seven bits a byte, the lowest first. */
function unsigned(value: number): number[] {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(value >>> 7)];
}

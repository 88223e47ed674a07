import { type DeviceTensor, PolytaskError, type ProgramResult } from '@polytask/core';
import type { ProgramCall } from '@polytask/core/executors';
import type { EagerResult } from './eager-fallback.js';
import type { HostArray } from './host-array.js';

/** Throws `POLYTASK_VERIFY_FAILED` where a compiled program and eager execution disagree beyond rounding. */
export async function compareResults(
  program: string,
  expected: EagerResult,
  call: ProgramCall,
  result: ProgramResult,
  numbersOf: (handle: DeviceTensor) => Promise<HostArray>,
): Promise<void> {
  for (const [name, target] of Object.entries(call.outputs)) {
    const found =
      target === 'read'
        ? result.host[name]?.data
        : await numbersOf(target === 'hold' ? (result.device[name] as DeviceTensor) : target);
    compareArrays(
      `output \`${name}\` of program \`${program}\``,
      expected.outputs[name]?.data as HostArray,
      found as HostArray,
    );
  }
  if (expected.state !== undefined && call.parameters !== undefined) {
    compareArrays(`what program \`${program}\` assigns`, expected.state.data, await numbersOf(call.parameters.state));
  }
}

/** Compares numbers, allowing for rounding: 1e-3 of the largest one. */
export function compareArrays(what: string, expected: HostArray, found: HostArray): void {
  let largest = 0;
  for (const one of expected) if (Number.isFinite(one)) largest = Math.max(largest, Math.abs(one));
  const allowed = 1e-6 + 1e-3 * largest;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i] as number, found[i] as number];
    if (Object.is(a, b) || Math.abs(a - b) <= allowed) continue;
    throw new PolytaskError(
      'POLYTASK_VERIFY_FAILED',
      `A compiled program must give what eager execution gives, but ${what} is ${b} instead of ${a} at entry ${i}. Please ` +
        'report this; until then, use eager().',
    );
  }
}

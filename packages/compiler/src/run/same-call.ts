import type { ProgramCall } from '@polytask/core/executors';
import { sameShape } from '../ir/value.js';
import type { FeedSpec } from '../trace/trace.js';

/** What a call looked like, as far as the compiled program depends on it. */
export interface SeenCall {
  readonly names: readonly string[];
  readonly specs: readonly FeedSpec[];
  readonly outputs: ProgramCall['outputs'];
  readonly parameters: ProgramCall['parameters'];
  readonly keepState: boolean | undefined;
}

/** Takes down a call. */
export function seeCall(call: ProgramCall, specOf: (value: ProgramCall['feeds'][string]) => FeedSpec): SeenCall {
  const values = Object.values(call.feeds);
  return {
    names: Object.keys(call.feeds),
    specs: values.map((value) => {
      const { shape, ...rest } = specOf(value);
      return { ...rest, shape: [...shape] };
    }),
    outputs: { ...call.outputs },
    parameters: call.parameters === undefined ? undefined : { ...call.parameters },
    keepState: call.keepState,
  };
}

/**
 * Whether a call is so much like one before that it needs the same program. Training makes the same call over and over, and this
 * costs far less than to describe a call in full; where it says no, the full description decides.
 */
export function sameCall(
  seen: SeenCall,
  call: ProgramCall,
  specOf: (value: ProgramCall['feeds'][string]) => FeedSpec,
): boolean {
  if (seen.keepState !== call.keepState) return false;
  if (seen.parameters?.values !== call.parameters?.values || seen.parameters?.state !== call.parameters?.state)
    return false;
  let count = 0;
  for (const name in call.outputs) {
    count++;
    if (seen.outputs[name] !== call.outputs[name]) return false;
  }
  if (count !== Object.keys(seen.outputs).length) return false;
  count = 0;
  for (const name in call.feeds) {
    const value = call.feeds[name] as ProgramCall['feeds'][string];
    const before = seen.specs[count] as FeedSpec | undefined;
    if (seen.names[count] !== name || before === undefined) return false;
    const now = specOf(value);
    if (now.dtype !== before.dtype || now.build !== before.build || !sameShape(now.shape, before.shape)) return false;
    count++;
  }
  return count === seen.names.length;
}

import type { ProgramCall } from '@polytask/core/executors';
import { sameShape } from '../ir/value.js';
import type { FeedSpec } from '../trace/trace.js';

/** What a call looked like, as far as the compiled program depends on it. */
export interface SeenCall {
  readonly names: readonly string[];
  readonly specs: readonly FeedSpec[];
  readonly outputs: { readonly [name: string]: ReturnType<typeof wayOf> };
  readonly hasParameters: boolean;
  readonly keepState: boolean | undefined;
}

/** What happens to an output: which tensor it is written over is no matter to the program. */
function wayOf(target: ProgramCall['outputs'][string] | undefined): 'read' | 'hold' | 'into' | undefined {
  return typeof target === 'object' ? 'into' : target;
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
    outputs: Object.fromEntries(Object.entries(call.outputs).map(([name, target]) => [name, wayOf(target)])),
    hasParameters: call.parameters !== undefined,
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
  if (seen.keepState !== call.keepState || seen.hasParameters !== (call.parameters !== undefined)) return false;
  let count = 0;
  for (const name in call.outputs) {
    count++;
    if (seen.outputs[name] !== wayOf(call.outputs[name])) return false;
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

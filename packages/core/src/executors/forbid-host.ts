import { replaceProperty } from './replace-property.js';

/** What happens where a program asks the host; both throw. `what` is what was called, such as `Math.random`. */
export interface HostRefusals {
  random(what: string): never;
  clock(what: string): never;
}

/**
 * Makes `Math.random`, the clocks and `crypto` refuse to answer; for executors that watch or record programs.
 *
 * @param refusals - What to throw.
 * @returns What undoes it all.
 */
export function forbidHost(refusals: HostRefusals): () => void {
  const random = (what: string) => () => refusals.random(what);
  const clock = (what: string) => () => refusals.clock(what);
  const undo = [
    replaceProperty(Math, 'random', random('Math.random')),
    replaceProperty(globalThis, 'Date', withoutNow(clock('new Date()'), clock('Date.now'))),
    replaceProperty(globalThis.performance, 'now', clock('performance.now')),
  ];
  const { crypto } = globalThis as { crypto?: object };
  if (crypto !== undefined) {
    for (const name of ['getRandomValues', 'randomUUID']) {
      if (name in crypto) undo.push(replaceProperty(crypto, name, random(`crypto.${name}`)));
    }
  }
  return () => {
    for (const one of undo.reverse()) one();
  };
}

/** `Date` for given times only. */
function withoutNow(construct: () => never, now: () => never): DateConstructor {
  return new Proxy(Date, {
    construct: (target, values: []) => (values.length === 0 ? construct() : new target(...values)),
    apply: construct,
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

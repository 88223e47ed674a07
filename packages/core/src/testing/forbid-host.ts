import { PolytaskError } from '../errors/polytask-error.js';
import { replaceProperty } from './replace-property.js';

/** Throws, and notes what it threw: a program might catch it. */
export type Refuse = (error: PolytaskError) => never;

/** Makes `Math.random`, the clocks and `crypto` refuse to answer; gives what undoes that. */
export function forbidHost(program: string, refuse: Refuse): () => void {
  const random = (what: string) => () =>
    refuse(
      new PolytaskError(
        'POLYTASK_PROGRAM_RANDOM',
        `A program must draw nothing itself, but \`${program}\` called \`${what}\` (tfjs' own random operations do so too). A ` +
          "compiled executor would draw once and for all. Use the step's `uniform(path, shape)`, or draw on the host and feed.",
      ),
    );
  const clock = (what: string) => () =>
    refuse(
      new PolytaskError(
        'POLYTASK_PROGRAM_CLOCK',
        `A program must not depend on the time, but \`${program}\` called \`${what}\`. Look at the clock on the host, and feed ` +
          'what the program needs of it.',
      ),
    );
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

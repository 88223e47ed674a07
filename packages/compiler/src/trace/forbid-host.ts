import { PolytaskError } from '@polytask/core';
import { atSourceLine } from './source-line.js';

/** Makes `Math.random`, the clocks and `crypto` throw while a program named `program` is traced; gives what undoes that. */
export function forbidHost(program: string): () => void {
  const random = (what: string) => () => {
    throw new PolytaskError(
      'POLYTASK_TRACE_RANDOM',
      `A compiled program must draw nothing itself, but \`${program}\` called \`${what}\`${atSourceLine()}; tfjs' own random ` +
        "operations without a seed do so too. The numbers would be drawn once and for all. Use the step's " +
        '`uniform(path, shape)`, or draw on the host and feed.',
    );
  };
  const clock = (what: string) => () => {
    throw new PolytaskError(
      'POLYTASK_TRACE_CLOCK',
      `A compiled program must not depend on the time, but \`${program}\` called \`${what}\`${atSourceLine()}. Look at the ` +
        'clock on the host, and feed what the program needs of it.',
    );
  };
  const undo = [
    replace(Math, 'random', random('Math.random')),
    replace(globalThis, 'Date', dateWithoutNow(clock('new Date()'), clock('Date.now'))),
    replace(globalThis.performance, 'now', clock('performance.now')),
  ];
  const { crypto } = globalThis as { crypto?: object };
  if (crypto !== undefined) {
    for (const name of ['getRandomValues', 'randomUUID']) {
      if (name in crypto) undo.push(replace(crypto, name, random(`crypto.${name}`)));
    }
  }
  return () => {
    for (const one of undo.reverse()) one();
  };
}

/** Puts `value` in place of a property; gives what puts everything back as it was. */
export function replace(owner: object, key: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, key);
  Object.defineProperty(owner, key, {
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? false,
    value,
  });
  return () => {
    if (before === undefined) delete (owner as Record<string, unknown>)[key];
    else Object.defineProperty(owner, key, before);
  };
}

function dateWithoutNow(construct: () => unknown, now: () => unknown): DateConstructor {
  return new Proxy(Date, {
    construct: (target, values: []) => (values.length === 0 ? (construct() as object) : new target(...values)),
    apply: construct as () => string,
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

import { PolytaskError } from '@polytask/core';
import type { HostRefusals } from '@polytask/core/executors';
import { atSourceLine } from './source-line.js';

/** The error for a program that draws or looks at the clock while it is traced. */
export function refuseHost(program: string): HostRefusals {
  return {
    random(what) {
      throw new PolytaskError(
        'POLYTASK_TRACE_RANDOM',
        `A compiled program must draw nothing itself, but \`${program}\` called \`${what}\`${atSourceLine()}; tfjs' own random ` +
          "operations without a seed do so too. The numbers would be drawn once and for all. Use the step's " +
          '`uniform(path, shape)`, or draw on the host and feed.',
      );
    },
    clock(what) {
      throw new PolytaskError(
        'POLYTASK_TRACE_CLOCK',
        `A compiled program must not depend on the time, but \`${program}\` called \`${what}\`${atSourceLine()}. Look at the ` +
          'clock on the host, and feed what the program needs of it.',
      );
    },
  };
}

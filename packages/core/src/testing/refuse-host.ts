import { PolytaskError } from '../errors/polytask-error.js';
import type { HostRefusals } from '../executors/forbid-host.js';

/** Throws, and notes what it threw: a program might catch it. */
export type Refuse = (error: PolytaskError) => never;

/** The error for a program that draws or looks at the clock by itself. */
export function refuseHost(program: string, refuse: Refuse): HostRefusals {
  return {
    random: (what) =>
      refuse(
        new PolytaskError(
          'POLYTASK_PROGRAM_RANDOM',
          `A program must draw nothing itself, but \`${program}\` called \`${what}\` (tfjs' own random operations do so too). A ` +
            "compiled executor would draw once and for all. Use the step's `uniform(path, shape)`, or draw on the host and feed.",
        ),
      ),
    clock: (what) =>
      refuse(
        new PolytaskError(
          'POLYTASK_PROGRAM_CLOCK',
          `A program must not depend on the time, but \`${program}\` called \`${what}\`. Look at the clock on the host, and feed ` +
            'what the program needs of it.',
        ),
      ),
  };
}

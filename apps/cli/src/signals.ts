import { constants } from 'node:os';

/** Turns signals into an AbortSignal. */
export interface SignalWatch {
  readonly signal: AbortSignal;
  /** 128 and the number of the signal that came, as shells have it; undefined where none came. */
  exitCode(): number | undefined;
  /** What is said when a second signal ends the program, worked out then. */
  setLastWords(words: () => string): void;
}

/** What {@link watchSignals} needs of the process; tests give their own. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  say(text: string): void;
  exit(code: number): void;
  now(): number;
}

/** Programs that start others (npm, make) pass a terminal's Ctrl-C on once more; that is still one key press. */
const samePress = 500;

/** The first SIGINT or SIGTERM asks the program to stop after the step under way; a second one ends it at once. */
export function watchSignals(source: SignalSource): SignalWatch {
  const controller = new AbortController();
  let code: number | undefined;
  let first = 0;
  let lastWords: (() => string) | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    source.on(name, () => {
      const received = 128 + constants.signals[name];
      if (code === undefined) {
        code = received;
        first = source.now();
        controller.abort();
        source.say('Stopping after this step. Once more to end at once, without a checkpoint.');
      } else if (source.now() - first > samePress) {
        if (lastWords !== undefined) source.say(lastWords());
        source.exit(received);
      }
    });
  }
  return {
    signal: controller.signal,
    exitCode: () => code,
    setLastWords(words) {
      lastWords = words;
    },
  };
}

import { describe, expect, it } from 'vitest';
import { watchSignals } from '../src/signals.js';

function watch() {
  const listeners: Record<string, () => void> = {};
  const said: string[] = [];
  const exits: number[] = [];
  const clock = { now: 0 };
  const { signal, exitCode, setLastWords } = watchSignals({
    on: (name, listener) => {
      listeners[name] = listener;
    },
    say: (text) => said.push(text),
    exit: (code) => exits.push(code),
    now: () => clock.now,
  });
  const send = (name: string, at: number) => {
    clock.now = at;
    listeners[name]?.();
  };
  return { signal, exitCode, setLastWords, send, said, exits };
}

describe('watchSignals', () => {
  it('asks to stop at the first signal, and says so', () => {
    const { signal, exitCode, send, said, exits } = watch();
    expect(exitCode()).toBeUndefined();
    send('SIGINT', 100);
    expect(signal.aborted).toBe(true);
    expect(exitCode()).toBe(130);
    expect(said).toEqual([expect.stringMatching(/^Stopping after this step/)]);
    expect(exits).toEqual([]);
  });

  it('ends at the second', () => {
    const { send, exits } = watch();
    send('SIGINT', 100);
    send('SIGINT', 2000);
    expect(exits).toEqual([130]);
  });

  it('takes what npm passes on a moment later for the same key press', () => {
    const { send, exits, said } = watch();
    send('SIGINT', 100);
    send('SIGINT', 103);
    expect([exits, said.length]).toEqual([[], 1]);
  });

  it('says the last words of that moment before it ends the program', () => {
    const { setLastWords, send, said, exits } = watch();
    let step = 1;
    setLastWords(() => `step ${step}`);
    send('SIGTERM', 100);
    step = 2;
    send('SIGTERM', 700);
    expect([said.at(-1), exits]).toEqual(['step 2', [143]]);
  });

  it('knows SIGTERM', () => {
    const { exitCode, send } = watch();
    send('SIGTERM', 1);
    expect(exitCode()).toBe(143);
  });
});

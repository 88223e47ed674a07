import { describe, expect, it } from 'vitest';
import { StoppedError } from '../../src/native/native-error.js';
import { createStep } from '../../src/native/step.js';
import { fakeIo } from '../helpers/fake-io.js';

describe('createStep', () => {
  it('writes a line per step where there is no terminal, and nothing when quiet', async () => {
    const { io, stderr } = fakeIo('/');
    const step = createStep(io, false);
    step.note('A note.');
    expect(await step.timed('Building', async () => 7)).toBe(7);
    expect(stderr.text()).toBe('A note.\n  Building …\n');
    const silent = fakeIo('/');
    await createStep(silent.io, true).timed('Building', async () => 7);
    expect(silent.stderr.text()).toBe('');
  });

  it('shows on a terminal how much is there, and how long it took', async () => {
    const { io, stderr } = fakeIo('/', undefined, 80);
    await createStep({ ...io, env: { NO_COLOR: '1' } }, false).timed('Downloading', async () => {}, {
      size: async () => 30e6,
      of: 270e6,
    });
    expect(stderr.text()).toContain('Downloading … 30 of 270 MB, 0 s');
    expect(stderr.text()).toMatch(/Downloading 0 s\n$/);
  });

  it('stops before a step and after one', async () => {
    const controller = new AbortController();
    const { io } = fakeIo('/', controller.signal);
    const step = createStep(io, true);
    await expect(step.timed('One', async () => controller.abort())).rejects.toThrow(StoppedError);
    let begun = false;
    const second = step.timed('Two', async () => {
      begun = true;
    });
    await expect(second).rejects.toThrow(StoppedError);
    expect(begun).toBe(false);
  });
});

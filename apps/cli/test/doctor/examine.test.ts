import { describe, expect, it } from 'vitest';
import { examine, type Finding } from '../../src/doctor/examine.js';
import type { ProbeName, ProbeResult } from '../../src/doctor/probe.js';

const works: ProbeResult = { works: true, versions: {} };
const absent: ProbeResult = { works: false, versions: {}, reason: 'not installed', missing: true };
const crashed: ProbeResult = { works: false, versions: {}, reason: 'the process crashed (SIGSEGV)' };

/** A diagnosis where these differ from what works. */
async function diagnose(changes: Partial<Record<ProbeName, ProbeResult>>) {
  const told: Finding[] = [];
  const diagnosis = await examine('/project', {
    told: (finding) => told.push(finding),
    ask: async (name) => changes[name] ?? works,
  });
  return { ...diagnosis, told };
}

describe('examine', () => {
  it('is content where all works, and tells each as soon as it is known', async () => {
    const { healthy, auto, findings, told } = await diagnose({});
    expect([healthy, auto]).toEqual([true, 'compiled']);
    expect(findings.map(({ name }) => name)).toEqual(expect.arrayContaining(['compiled', 'wasm', 'cpu', 'node']));
    expect(told).toEqual(findings);
    expect(findings.every(({ advice }) => advice === undefined)).toBe(true);
  });

  it('does not mind that tfjs-node is absent, but says how to get it', async () => {
    const { healthy, findings } = await diagnose({ node: absent });
    expect(healthy).toBe(true);
    expect(findings.find(({ name }) => name === 'node')?.advice).toContain('polytask native install');
  });

  it('minds what is installed and broken', async () => {
    expect(await diagnose({ node: crashed })).toMatchObject({ healthy: false, auto: 'compiled' });
    expect(await diagnose({ compiled: absent })).toMatchObject({ healthy: false, auto: 'wasm' });
    expect(await diagnose({ compiled: crashed, wasm: crashed })).toMatchObject({ healthy: false, auto: 'cpu' });
    expect(await diagnose({ compiled: crashed, wasm: crashed, cpu: crashed })).toMatchObject({ auto: null });
  });

  it('stops when it is asked to', async () => {
    const controller = new AbortController();
    const asked: string[] = [];
    await examine('/', {
      signal: controller.signal,
      ask: async (name) => {
        asked.push(name);
        controller.abort();
        return works;
      },
    });
    expect(asked).toHaveLength(1);
  });
});

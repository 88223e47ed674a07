import { describe, expect, it } from 'vitest';
import { BackendError, type BackendName } from '../../src/backend/backends.js';
import { selectBackend } from '../../src/backend/select-backend.js';

/** A machine that has some backends, of which wasm lacks what the model needs if `missing` names a kernel. */
function machine(has: readonly BackendName[], missing?: string) {
  const used: BackendName[] = [];
  return {
    used,
    choice: {
      folder: '/',
      async use(name: BackendName) {
        if (!has.includes(name)) throw new BackendError(`no ${name} here`);
        used.push(name);
      },
      async trial() {
        const name = used.at(-1);
        if (name === 'wasm' && missing) throw new Error(`Kernel '${missing}' not registered for backend 'wasm'`);
      },
    },
  };
}

describe('selectBackend', () => {
  it('takes wasm where it can train the model', async () => {
    const { choice, used } = machine(['wasm', 'cpu']);
    expect(await selectBackend('auto', choice)).toEqual({ name: 'wasm', wanted: 'auto' });
    expect(used).toEqual(['wasm']);
  });

  it('goes on with cpu where it cannot, and says why', async () => {
    const lacking = machine(['wasm', 'cpu'], 'Conv2DBackpropFilter');
    expect(await selectBackend('auto', lacking.choice)).toEqual({
      name: 'cpu',
      wanted: 'auto',
      reason: 'the backend `wasm` has no kernel Conv2DBackpropFilter, which training this model needs; `cpu` has it',
    });
    expect(lacking.used).toEqual(['wasm', 'cpu']);
    expect(await selectBackend('auto', machine(['cpu']).choice)).toMatchObject({ name: 'cpu', reason: 'no wasm here' });
  });

  it('does what is asked, or says what is missing and who has it', async () => {
    expect(await selectBackend('cpu', machine(['wasm', 'cpu'], 'X').choice)).toEqual({ name: 'cpu', wanted: 'cpu' });
    await expect(selectBackend('node', machine(['cpu']).choice)).rejects.toThrow('no node here');
    const lacking = selectBackend('wasm', machine(['wasm', 'cpu'], 'Conv2DBackpropFilter').choice);
    await expect(lacking).rejects.toThrow(BackendError);
    await expect(lacking).rejects.toThrow(/`wasm` has no kernel Conv2DBackpropFilter.*; `cpu` has it/);
  });

  it('lets other errors of the trial through', async () => {
    const { choice } = machine(['wasm', 'cpu']);
    const trial = () => Promise.reject(new TypeError('labels'));
    await expect(selectBackend('auto', { ...choice, trial })).rejects.toThrow(TypeError);
    await expect(selectBackend('cpu', { ...choice, trial })).rejects.toThrow(TypeError);
  });
});

import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor, ExecutorSession, ProgramResult } from '../contracts/executor.js';
import { type HostTensor, hostTensor } from '../contracts/tensors.js';
import { InvalidOptionError } from '../errors/invalid-option-error.js';
import type { Programs } from '../programs/programs.js';
import { labelsOf, prefixed } from './batch-feeds.js';

/** Several batches as the parts of one; a single one as it is. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const [first] = batches as readonly [Batch];
  if (batches.length === 1) return first;
  const names = Object.keys(first.weights);
  const size = batches.reduce((sum, batch) => sum + batch.size, 0);
  const weights = Object.fromEntries(
    names.map((name) => [name, Float32Array.from(batches.flatMap((batch) => [...(batch.weights[name] ?? [])]))]),
  );
  const labels = Object.fromEntries(names.map((name) => [name, labelsOf(weights[name] as Float32Array)]));
  const whole = { size, labels };
  const parts = batches.map((batch) => ({ ...batch, whole }));
  return { size, inputs: {}, targets: {}, weights, ids: {}, parts };
}

/** The parts of a batch; one in a single piece is its only part. */
function partsOf(batch: Batch): readonly Batch[] {
  return batch.parts ?? [batch];
}

/**
 * Runs a program on every part of a batch, and adds up what it gives: losses, terms and gradients, all of which are sums over
 * parts as these are fed their shares of the whole.
 *
 * @param run - On one part, from 0. What it holds is the caller's.
 * @param beside - Names of matrices that are held and have the rows of their part as columns: they are put side by side.
 */
export async function overParts(
  { session, programs }: { readonly session: ExecutorSession; readonly programs: Pick<Programs, 'axpy' | 'join'> },
  batch: Batch,
  run: (part: Batch, index: number) => Promise<ProgramResult>,
  beside: readonly string[] = [],
): Promise<ProgramResult> {
  const parts = partsOf(batch);
  const first = await run(parts[0] as Batch, 0);
  if (parts.length === 1) return first;
  const host: Record<string, HostTensor> = {};
  for (const [name, { data, shape }] of Object.entries(first.host)) host[name] = { data: data.slice(), shape };
  const device: Record<string, DeviceTensor> = { ...first.device };
  const pieces = new Map(beside.map((name) => [name, [device[name] as DeviceTensor]]));
  for (const name of beside) delete device[name];
  const release = (tensors: Iterable<DeviceTensor>) => {
    for (const handle of tensors) session.release(handle);
  };
  try {
    for (const [i, part] of parts.slice(1).entries()) {
      const found = await run(part, i + 1);
      for (const [name, { data }] of Object.entries(found.host)) {
        const sum = (host[name] as HostTensor).data;
        for (let j = 0; j < sum.length; j++) sum[j] = (sum[j] as number) + (data[j] as number);
      }
      for (const [name, gradient] of Object.entries(found.device)) {
        if (pieces.get(name)?.push(gradient) !== undefined) continue;
        await addTo(session, programs, device[name] as DeviceTensor, gradient);
        session.release(gradient);
      }
    }
    for (const [name, all] of pieces) {
      const feeds = prefixed('piece', Object.fromEntries(all.entries()));
      const joined = await session.run(programs.join, { feeds, outputs: { joined: 'hold' } });
      device[name] = joined.device.joined as DeviceTensor;
    }
  } catch (error) {
    release(Object.values(device));
    throw error;
  } finally {
    release([...pieces.values()].flat());
  }
  return { host, device };
}

/** target ← target + gradient. */
export async function addTo(
  session: ExecutorSession,
  { axpy }: Pick<Programs, 'axpy'>,
  target: DeviceTensor,
  gradient: DeviceTensor,
): Promise<void> {
  await session.run(axpy, { feeds: { target, alpha: hostTensor(1), gradient }, outputs: { target } });
}

/** Refuses what cannot be done in parts. */
export function refuseParts({ parts }: Batch, why: string): void {
  if (parts === undefined) return;
  throw new InvalidOptionError('accumulate', `1 (or left out) with this strategy: ${why}`, parts.length);
}

import type { Batch } from '../contracts/batch.js';
import type { DeviceTensor } from '../contracts/executor.js';
import type { StepInfo } from '../contracts/loss-weighting.js';
import type { HostTensor } from '../contracts/tensors.js';
import { prefixed } from './batch-feeds.js';
import { momentaryReader } from './parameter-reader.js';
import { openPreparation, type PrimitiveScope } from './primitives.js';
import type { Runtime } from './runtime.js';

type Feeds = Record<string, HostTensor | DeviceTensor>;

/**
 * What strategies feed to a step's programs. A plan may feed several programs in one step; host phases belong to the step, before
 * its first program, and what has to fit rows to each batch, before the first program over it.
 */
export interface StepFeeds {
  of(batch: Batch, info: StepInfo): Promise<Feeds>;
  /** The sharing strategy's part of them. */
  sharing(info: StepInfo): Record<string, HostTensor>;
  /** Releases what was made for a step's batches. */
  end(): void;
}

/** Those of a runtime. */
export function createStepFeeds(runtime: Runtime): StepFeeds {
  const { model, session, parameters, prepared } = runtime;
  const { layout } = model;
  let current: { readonly step: number; readonly sharing: Record<string, HostTensor> } | undefined;
  let numbers: Promise<Feeds> | undefined;
  const rows = new Map<Batch, Promise<Feeds>>();
  const scopes: Pick<PrimitiveScope, 'end'>[] = [];

  function sharing(info: StepInfo): Record<string, HostTensor> {
    if (current?.step !== info.step) {
      current = { step: info.step, sharing: prefixed('sharing', model.sharing.feeds?.(info) ?? {}) };
      numbers = undefined;
    }
    return current.sharing;
  }

  async function numbersOf(batch: Batch, info: StepInfo): Promise<Feeds> {
    const feeds: Feeds = { ...sharing(info) };
    for (const { name, updateEvery, bound } of model.auxiliaries) {
      if (bound.prepare !== undefined && (info.step % updateEvery === 0 || !prepared.has(name))) {
        const scope = openPreparation(runtime, info, batch, `auxiliary/${name}`);
        try {
          prepared.set(name, await bound.prepare(momentaryReader(layout, session, parameters), scope.primitives));
        } finally {
          scope.end();
        }
      }
      Object.assign(feeds, prefixed(`auxiliary/${name}`, { ...prepared.get(name), ...bound.feeds?.(info) }));
    }
    return feeds;
  }

  async function rowsOf(batch: Batch, info: StepInfo): Promise<Feeds> {
    const feeds: Feeds = {};
    for (const { name, bound } of model.auxiliaries) {
      if (bound.batchFeeds === undefined) continue;
      const scope = openPreparation(runtime, info, batch, `auxiliary/${name}`);
      scopes.push(scope);
      Object.assign(feeds, prefixed(`auxiliary/${name}`, await bound.batchFeeds(scope.primitives)));
    }
    return feeds;
  }

  const hasRows = model.auxiliaries.some(({ bound }) => bound.batchFeeds !== undefined);
  return {
    sharing,
    async of(batch, info) {
      sharing(info);
      numbers ??= numbersOf(batch, info);
      const found = await numbers;
      if (!hasRows) return found;
      const own = rows.get(batch) ?? rowsOf(batch, info);
      rows.set(batch, own);
      return { ...found, ...(await own) };
    },
    end() {
      for (const scope of scopes.splice(0)) scope.end();
      rows.clear();
    },
  };
}

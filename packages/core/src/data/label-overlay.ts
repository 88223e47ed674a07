import type { LabelOverlay, LabelOverlays, OverlayTable } from '../contracts/label-overlays.js';
import { type HostTensor, type State, type StateValue, sizeOf } from '../contracts/tensors.js';
import { DatasetError } from '../errors/dataset-error.js';

export type { LabelOverlay, LabelOverlays, OverlayTable };

/**
 * No overlays yet. Core asks them at every batch, so that labels can be changed between epochs without a new data set;
 * they are part of the checkpoint.
 *
 * @example
 * ```ts
 * import { createOverlays } from '@polytask/core';
 *
 * const overlays = createOverlays();
 * // Row 12 of task `left` gets class 3, trusted by 80 %.
 * overlays.setOverlay('left', {
 *   ids: new Int32Array([12]),
 *   targets: { data: new Int32Array([3]), shape: [1] },
 *   weights: new Float32Array([0.8]),
 * });
 * ```
 */
export function createOverlays(): LabelOverlays {
  const tables = new Map<string, OverlayTable>();
  const setOverlay = (task: string, overlay: LabelOverlay) => {
    tables.set(task, tableOf(task, overlay));
  };
  return {
    setOverlay,
    clear(task) {
      if (task === undefined) tables.clear();
      else tables.delete(task);
    },
    lookup: (task) => tables.get(task),
    toState: () => Object.fromEntries([...tables].map(([task, table]) => [task, stateOf(table)])),
    fromState(state) {
      const overlays = Object.entries(state).map(([task, value]) => [task, overlayOf(task, value)] as const);
      tables.clear();
      for (const [task, overlay] of overlays) setOverlay(task, overlay);
    },
  };
}

function tableOf(task: string, { ids, targets, weights }: LabelOverlay): OverlayTable {
  const rows = new Map<number, number>();
  ids.forEach((id, row) => {
    rows.set(id, row);
  });
  const what = `The overlay of task \`${task}\``;
  if (rows.size !== ids.length) {
    throw new DatasetError(`${what} must name every row once, but has ${ids.length} ids of ${rows.size} rows.`);
  }
  if (targets !== undefined) {
    const size = sizeOf(targets.shape);
    if (targets.shape[0] !== ids.length || size !== targets.data.length) {
      throw new DatasetError(
        `${what} must have targets of shape [${ids.length}, ...], one row per id, but has ${targets.data.length} numbers of ` +
          `shape [${targets.shape.join(', ')}].`,
      );
    }
  }
  if (weights !== undefined) {
    if (weights.length !== ids.length) {
      throw new DatasetError(`${what} must have ${ids.length} weights, one per id, but has ${weights.length}.`);
    }
    const bad = weights.find((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
    if (bad !== undefined) throw new DatasetError(`${what} must have finite weights from 0, but has ${bad}.`);
  }
  return { ids, rows, ...(targets === undefined ? {} : { targets }), ...(weights === undefined ? {} : { weights }) };
}

function stateOf({ ids, targets, weights }: OverlayTable): State {
  return {
    ids: { data: ids, shape: [ids.length] },
    ...(targets === undefined ? {} : { targets }),
    ...(weights === undefined ? {} : { weights: { data: weights, shape: [weights.length] } }),
  };
}

function overlayOf(task: string, value: StateValue): LabelOverlay {
  const { ids, targets, weights } = value as { ids?: HostTensor; targets?: HostTensor; weights?: HostTensor };
  if (!(ids?.data instanceof Int32Array) || (weights !== undefined && !(weights.data instanceof Float32Array))) {
    throw new DatasetError(
      `The saved overlay of task \`${task}\` must have int32 ids and float32 weights, but has not.`,
    );
  }
  return {
    ids: ids.data,
    ...(targets === undefined ? {} : { targets }),
    ...(weights === undefined ? {} : { weights: weights.data as Float32Array }),
  };
}

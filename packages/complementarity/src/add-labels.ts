import { type AnyTask, type HostTensor, type LabelOverlays, PolytaskError } from '@polytask/core';

/** Labels for rows that have none, in the form that the task takes them: class ids, or numbers. */
export interface NewLabels {
  readonly ids: readonly number[];
  /** An answer per row: as many numbers as one target has. */
  readonly values: readonly (readonly number[])[];
}

/** Lays labels over rows of a task, beside those that are laid over others already. */
export function addLabels(labels: LabelOverlays, task: AnyTask, { ids, values }: NewLabels): void {
  if (ids.length === 0) return;
  const before = labels.lookup(task.name);
  const old = before?.targets;
  const rowShape = task.target.shape;
  const Class = task.target.dtype === 'int32' ? Int32Array : Float32Array;
  if (before !== undefined && (old === undefined || old.shape.length !== rowShape.length + 1)) {
    throw new PolytaskError(
      'POLYTASK_OTHER_LABELS',
      `Labels of task \`${task.name}\` cannot be added to those that are laid over its rows already: these are ` +
        `${old === undefined ? 'weights alone' : 'distributions over classes'}. Lay class ids over the rows, or clear the overlay.`,
    );
  }
  const all = [...(before?.ids ?? []), ...ids];
  const data = Class.from([...(old?.data ?? []), ...values.flat()]);
  const weights = before?.weights;
  labels.setOverlay(task.name, {
    ids: Int32Array.from(all),
    targets: { data, shape: [all.length, ...rowShape] } as HostTensor,
    ...(weights === undefined ? {} : { weights: Float32Array.from([...weights, ...ids.map(() => 1)]) }),
  });
}

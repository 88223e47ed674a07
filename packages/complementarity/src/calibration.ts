import { type AnyTask, calibrationError, type HostTensor, type Relabelling } from '@polytask/core';

/**
 * The expected calibration error of tasks: how far their probabilities are from how often they come true, on the validation rows, or
 * where there are none on the training rows whose labels are their own, which flatters.
 *
 * @returns In the order of the tasks; NaN where there are no labels to compare with.
 */
export async function calibrationOf(
  { rows, hasValidation, labels }: Relabelling,
  tasks: readonly AnyTask[],
): Promise<readonly number[]> {
  const running = tasks.map(() => calibrationError().start());
  const laid = tasks.map(({ name }) => (hasValidation ? undefined : labels.lookup(name)?.rows));
  const names = tasks.map(({ name }) => `prediction/${name}` as const);
  for await (const { batch, outputs } of rows(hasValidation ? 'validation' : 'train', names)) {
    tasks.forEach(({ name }, k) => {
      const ids = batch.ids[name] as Int32Array;
      const weights = (batch.weights[name] as Float32Array).map((weight, row) =>
        weight > 0 && laid[k]?.has(ids[row] as number) !== true ? 1 : 0,
      );
      const predictions = outputs[`prediction/${name}`] as HostTensor;
      running[k]?.update({ predictions, targets: batch.targets[name] as HostTensor, weights });
    });
  }
  return running.map((one) => one.result());
}

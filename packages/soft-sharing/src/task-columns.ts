import {
  type AnyTask,
  type BuildScope,
  type BuiltColumns,
  buildColumns,
  type Encoder,
  headOption,
  type InputSpecs,
  inputsOf,
  type MixerBuilder,
  part,
  required,
} from '@polytask/core';

/** Options of all strategies with a network per task. */
export const columnOptions = {
  encoder: required(part('encoder'), 'The network of one task; each task gets a copy with weights of its own.'),
  head: headOption,
};

/** A network per task at `columns/<task>`, on the inputs that the task reads; every network reaches all tasks by the mixer. */
export function buildMixedColumns(
  scope: BuildScope,
  tasks: readonly AnyTask[],
  inputs: InputSpecs,
  encoder: Encoder,
  mixer?: MixerBuilder,
): BuiltColumns {
  const columns = tasks.map((task) => ({ name: task.name, encoder, inputs: inputsOf(task, inputs) }));
  return buildColumns(scope.child('columns'), columns, mixer);
}

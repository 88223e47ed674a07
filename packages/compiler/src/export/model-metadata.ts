import type { AnyTask, InputSpec, PrologueInput } from '@polytask/core';

/** What a model says of one task. */
export interface TaskMetadata {
  readonly name: string;
  /** `classification`, `regression`, … */
  readonly type: string;
  /** The model's output that holds the task's predictions. */
  readonly output: string;
  /** Names of the classes or labels, where the task has names for them. */
  readonly classes?: readonly string[];
  /** Unit of the predictions, where the task has one. */
  readonly unit?: string;
  /** The task's options as they were given: number of classes, unit, thresholds. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** What an exported model is fed with: inputs of the model, and those of a prologue. */
export type ExportedInputs = { readonly [name: string]: InputSpec | PrologueInput };

/**
 * The metadata of an exported model: `polytask.version` of this description; `polytask.tasks`, a JSON list of
 * {@link TaskMetadata}; `polytask.inputs`, the shape of a row and the type of every input as JSON, and what a prologue says of it.
 */
export function modelMetadata({
  tasks,
  inputs,
}: {
  readonly tasks: readonly AnyTask[];
  readonly inputs: ExportedInputs;
}): Record<string, string> {
  const described = tasks.map(({ name, type, options }): TaskMetadata => {
    const { classes, labels, unit } = options;
    const names = [classes, labels].find((one) => Array.isArray(one)) as unknown[] | undefined;
    return {
      name,
      type,
      output: outputName(name, inputs),
      ...(names !== undefined && { classes: names.map(String) }),
      ...(typeof unit === 'string' && { unit }),
      options,
    };
  });
  return {
    'polytask.version': '1',
    'polytask.tasks': JSON.stringify(described),
    'polytask.inputs': JSON.stringify(inputs),
  };
}

/** The output of a task: its name, unless an input is called like that. */
export function outputName(task: string, inputs: Readonly<Record<string, unknown>>): string {
  return Object.hasOwn(inputs, task) ? `${task}/prediction` : task;
}

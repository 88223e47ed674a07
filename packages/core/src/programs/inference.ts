import * as tf from '@tensorflow/tfjs';
import type { InputSpecs } from '../contracts/batch.js';
import type { Program } from '../contracts/executor.js';
import type { ParameterLayout } from '../contracts/parameters.js';
import type { AnyTask, TaskConstants } from '../contracts/task.js';
import type { HostTensor } from '../contracts/tensors.js';
import type { Run } from '../training/run.js';

/** A trained model as one program, with all that it needs: what an exporter works on. */
export interface Inference {
  /** From `input/<input>` `[rows, ...]` to `prediction/<task>`, as `Task.predict` gives them. */
  readonly program: Program;
  readonly inputs: InputSpecs;
  readonly tasks: readonly AnyTask[];
  /** What the tasks learned from the training labels, by task. */
  readonly constants: { readonly [task: string]: TaskConstants };
  readonly layout: ParameterLayout;
  /** Trainable variables `[layout.size]`. */
  readonly values: HostTensor;
  /** Non-trainable variables `[layout.stateSize]`. */
  readonly state: HostTensor;
}

/** The model of a run as it is now. */
export async function inferenceOf({ model, runtime, constants }: Run): Promise<Inference> {
  const { sharing } = model;
  return {
    program: withFeeds(runtime.programs.predict(false), sharing.feeds === undefined ? {} : runtime.inferenceFeeds()),
    inputs: model.inputs,
    tasks: model.tasks,
    constants,
    layout: model.layout,
    values: await runtime.session.download(runtime.parameters.values),
    state: await runtime.session.download(runtime.parameters.state),
  };
}

/** The program with some of its feeds as constants: what an exporter makes of it takes inputs alone. */
function withFeeds(program: Program, known: { readonly [name: string]: HostTensor }): Program {
  if (Object.keys(known).length === 0) return program;
  return {
    name: program.name,
    run(feeds, context) {
      const constants = Object.entries(known).map(
        ([name, { data, shape }]) => [name, tf.tensor(data, [...shape])] as const,
      );
      return program.run({ ...feeds, ...Object.fromEntries(constants) }, context);
    },
  };
}

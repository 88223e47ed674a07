import {
  type AuxiliaryTerm,
  adaptersOption,
  type BoundSharing,
  type BuildScope,
  buildColumns,
  buildHeads,
  buildTaskInputs,
  type Encoder,
  type HeadOption,
  headOption,
  type InputSpec,
  type InputSpecs,
  type NamedTensors,
  part,
  required,
  type SharingContext,
  type StepContext,
  taskRelation,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { mixForTasks } from './mix-experts.js';
import { shareReport } from './share-report.js';

/** Options of strategies in which all tasks have the same experts. */
export const mixtureOptions = {
  encoder: required(part('encoder'), 'One expert; all experts are copies with weights of their own.'),
  experts: withDefault(whole({ from: 1 }), 8, 'Number of experts.', 'Ma et al., section 5'),
  head: headOption,
  adapters: adaptersOption,
};

/** The same, filled in. */
export interface MixtureOptions {
  readonly encoder: Encoder;
  readonly experts: number;
  readonly head: HeadOption | undefined;
  readonly adapters: { readonly [task: string]: Encoder } | undefined;
}

/** What tells a task how much to take of each expert. */
export interface Selector {
  /** Shares `[rows, experts]`, and what else is worth a look. */
  apply(
    inputs: NamedTensors,
    step: StepContext,
  ): { readonly shares: tf.Tensor; readonly intermediates?: NamedTensors | undefined };
}

/** Experts for all tasks, each of which takes of them what its own selector, made by `build` at `gates/<task>`, says. */
export function bindMixture(
  { tasks, inputs, scope }: SharingContext,
  { encoder, experts, head, adapters }: MixtureOptions,
  build: (place: BuildScope, inputs: InputSpecs, task: string) => Selector,
  auxiliary: readonly AuxiliaryTerm[],
): BoundSharing {
  const { specs, sources } = buildTaskInputs(scope, tasks, inputs, adapters);
  const names = Array.from({ length: experts }, (_, k) => `expert${k}`);
  const columns = buildColumns(
    scope.child('experts'),
    names.map((name) => ({ name, encoder, inputs: specs })),
  );
  const selectors = new Map(
    tasks.map(({ name }) => {
      const place = scope.child('gates').child(name, { usedBy: [name] });
      return [name, { selector: build(place, specs, name), report: shareReport(`gates/${name}`, names) }];
    }),
  );
  const heads = buildHeads(scope, tasks, columns.outputs[names[0] as string] as InputSpec, head);
  return {
    auxiliary,
    relations: [
      taskRelation(
        'gates',
        'places',
        tasks.map(({ name }) => name),
      ),
    ],
    logged: [...selectors.values()].flatMap(({ report }) => report.names),
    forward(x, step) {
      const features: Record<string, tf.Tensor> = {};
      let intermediates: NamedTensors = {};
      for (const source of sources) {
        const given = source.select(x, step);
        const values = columns.apply(given, step);
        const stacked = tf.stack(
          names.map((name) => values[name] as tf.Tensor),
          1,
        );
        const chosen = source.tasks.map((task) => {
          const { selector, report } = selectors.get(task) as NonNullable<ReturnType<typeof selectors.get>>;
          const { shares, intermediates: more } = selector.apply(given, step);
          const reported = step.training && report.of(shares);
          intermediates = { ...intermediates, [`gates/${task}`]: shares, ...more, ...reported };
          return shares;
        });
        const mixed = mixForTasks(stacked, chosen);
        source.tasks.forEach((task, t) => {
          features[task] = mixed[t] as tf.Tensor;
        });
      }
      return heads.apply(features, step, { intermediates });
    },
  };
}

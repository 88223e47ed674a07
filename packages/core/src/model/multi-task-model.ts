import * as tf from '@tensorflow/tfjs';
import type { AuxiliaryContext, AuxiliaryObjective } from '../contracts/auxiliary.js';
import type { BoundAuxiliary } from '../contracts/auxiliary-term.js';
import type { InputSpecs } from '../contracts/batch.js';
import type { ForwardState } from '../contracts/forward-state.js';
import type { BoundGradientBalancing, GradientBalancing } from '../contracts/gradient-balancing.js';
import type { BoundLossWeighting, LossWeighting } from '../contracts/loss-weighting.js';
import type { ParameterLayout } from '../contracts/parameters.js';
import type { BoundSharing, SharingStrategy } from '../contracts/sharing.js';
import type { BoundStepPlan, StepPlan } from '../contracts/step-plan.js';
import type { AnyTask } from '../contracts/task.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { ShapeMismatchError } from '../errors/shape-mismatch-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { uniformStream } from '../random/uniform-stream.js';
import { createGroupScope, createRootScope, type Registry } from './build-scope.js';
import { checkPart } from './check-part.js';
import { createLayout } from './parameter-layout.js';

/** A balancing strategy of any of the three kinds. */
export type Balancing = LossWeighting | GradientBalancing | StepPlan;

/** A balancing strategy in one run. */
export type BoundBalancing =
  | { readonly kind: 'loss-weighting'; readonly description: LossWeighting; readonly bound: BoundLossWeighting }
  | {
      readonly kind: 'gradient-balancing';
      readonly description: GradientBalancing;
      readonly bound: BoundGradientBalancing;
    }
  | { readonly kind: 'step-plan'; readonly description: StepPlan; readonly bound: BoundStepPlan };

/** An auxiliary term in one run: of the sharing strategy, or an auxiliary objective. */
export interface ModelAuxiliary {
  /** `strategy/term` for the strategy's; else the description's name, with a number where there are several of that name. */
  readonly name: string;
  readonly weight: number;
  readonly updateEvery: number;
  readonly asTask: boolean;
  readonly bound: BoundAuxiliary;
}

/** All parts of one run, bound: the model, its auxiliary objectives and its balancing. */
export interface Model {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  readonly layout: ParameterLayout;
  readonly sharing: BoundSharing;
  readonly auxiliaries: readonly ModelAuxiliary[];
  readonly balancing: BoundBalancing;
  /** What is balanced: the tasks, then the auxiliary objectives with `asTask`. */
  readonly objectives: readonly string[];
  /** What is added after balancing: the auxiliary terms without `asTask`. */
  readonly terms: readonly string[];
  dispose(): void;
}

/** What a model is built from. */
export interface ModelParts {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  readonly sharing: SharingStrategy;
  readonly auxiliary: readonly AuxiliaryObjective[];
  readonly balancing: Balancing;
  readonly seed: number;
  /** How many numbers its variables may have. Default: any. */
  readonly limit?: number | undefined;
}

/** Binds all parts, checks by a forward pass of two rows of zeros that the outputs are what the tasks declare, and lays out the parameters. */
export function buildModel(parts: ModelParts): Model {
  const { tasks, inputs, seed, limit } = parts;
  checkParts(parts);
  for (const task of tasks) {
    for (const input of task.inputs ?? []) {
      if (!(input in inputs))
        throw new UnknownNameError(`input (task \`${task.name}\` asks for it)`, input, Object.keys(inputs));
    }
  }
  const names = tasks.map((task) => task.name);
  const registry: Registry = [];
  const disposers: (() => void)[] = [];
  const dispose = () => {
    for (const one of disposers.splice(0)) one();
    for (const { variable, owned } of registry) if (owned) variable.dispose();
  };
  try {
    const sharing = parts.sharing.bind({ tasks, inputs, scope: createRootScope(names, seed, registry, limit) });
    if (sharing.dispose !== undefined) disposers.push(() => sharing.dispose?.());
    const shapes = featureShapes(tasks, inputs, sharing);
    const modelLayout = createLayout(names, registry);
    const auxiliaries = (sharing.auxiliary ?? []).map((term): ModelAuxiliary => {
      disposers.push(() => term.dispose?.());
      const { weight = 1, updateEvery = 1 } = term;
      return { name: `${parts.sharing.name}/${term.name}`, weight, updateEvery, asTask: false, bound: term };
    });
    for (const { name, description } of numbered(parts.auxiliary)) {
      const scope = createGroupScope(`auxiliary/${name}`, names, 'model', seed, registry, limit);
      const bound = description.bind({ tasks: names, inputs, layout: modelLayout, scope, ...shapes });
      disposers.push(() => bound.dispose?.());
      const { weight = 1, updateEvery = 1, asTask = false } = description;
      auxiliaries.push({ name, weight, updateEvery, asTask, bound });
    }
    const objectives = [...names, ...auxiliaries.filter(({ asTask }) => asTask).map(({ name }) => name)];
    const { balancing: description } = parts;
    const context = {
      tasks: objectives,
      scope: createGroupScope(`balancing/${description.name}`, objectives, 'balancing', seed, registry, limit),
      uniform: (step: number) => uniformStream(seed, 'balancing', description.name, step),
    };
    const bound = description.bind(context);
    disposers.push(() => bound.dispose?.());
    const layout = createLayout(names, registry);
    if (description.kind === 'gradient-balancing' && layout.sharedSize === 0) {
      throw new PolytaskError(
        'POLYTASK_NOTHING_SHARED',
        `Gradient balancing \`${description.name}\` combines the tasks' gradients of shared parameters, but under ` +
          `\`${parts.sharing.name}\` no parameter is used by more than one task. Use a loss weighting, or share something.`,
      );
    }
    const balancing = { kind: description.kind, description, bound } as BoundBalancing;
    const terms = auxiliaries.filter(({ asTask }) => !asTask).map(({ name }) => name);
    return { tasks, inputs, layout, sharing, auxiliaries, balancing, objectives, terms, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Checks what can be checked before there are inputs. */
export function checkParts({
  tasks,
  sharing,
  auxiliary,
  balancing,
}: Omit<ModelParts, 'inputs' | 'seed' | 'limit'>): void {
  if (tasks.length === 0)
    throw new PolytaskError('POLYTASK_NO_TASKS', 'A model needs at least one task; `tasks` is empty.');
  for (const task of tasks) checkPart(task, 'tasks', 'task');
  const seen = new Set<string>();
  for (const { name } of [...tasks, ...numbered(auxiliary)]) {
    if (name in Object.prototype) {
      throw new PolytaskError(
        'POLYTASK_RESERVED_NAME',
        `Tasks and auxiliary objectives must not be called \`${name}\`: every JavaScript object has something of that name, which would ` +
          'be mistaken for theirs. Rename it; a task keeps its target by `column`.',
      );
    }
    if (seen.has(name)) {
      throw new PolytaskError(
        'POLYTASK_DUPLICATE_NAME',
        `Names of tasks and auxiliary objectives must differ, but \`${name}\` occurs twice. Rename a task.`,
      );
    }
    seen.add(name);
  }
  checkPart(sharing, 'sharing', 'sharing');
  for (const one of auxiliary) checkPart(one, 'auxiliary', 'auxiliary');
  checkPart(balancing, 'balancing', 'loss-weighting', 'gradient-balancing', 'step-plan');
}

/** Auxiliary objectives with names that tell them apart: `penalty`, `penalty-2`, ... */
function numbered(auxiliary: readonly AuxiliaryObjective[]): { name: string; description: AuxiliaryObjective }[] {
  const counts = new Map<string, number>();
  return auxiliary.map((description) => {
    const count = (counts.get(description.name) ?? 0) + 1;
    counts.set(description.name, count);
    return { name: count === 1 ? description.name : `${description.name}-${count}`, description };
  });
}

/** Runs the model on zeros; gives the shapes of rows of features, checks outputs on the way. */
function featureShapes(
  tasks: readonly AnyTask[],
  inputs: InputSpecs,
  sharing: BoundSharing,
): Pick<AuxiliaryContext, 'shared' | 'features'> {
  let shapes: Pick<AuxiliaryContext, 'shared' | 'features'> = { shared: undefined, features: {} };
  tf.tidy(() => {
    const zeros: Record<string, tf.Tensor> = {};
    for (const [name, spec] of Object.entries(inputs)) zeros[name] = tf.zeros([2, ...spec.shape], spec.dtype);
    const uniform = () => {
      throw new PolytaskError('POLYTASK_NO_RANDOMNESS', 'A forward pass asked for random numbers outside training.');
    };
    const state = sharing.forward(zeros, { training: false, uniform }, {});
    for (const task of tasks) checkOutputs(task, state);
    shapes = {
      shared: state.shared?.shape.slice(1),
      features: Object.fromEntries(Object.entries(state.features).map(([name, { shape }]) => [name, shape.slice(1)])),
    };
  });
  return shapes;
}

function checkOutputs(task: AnyTask, state: ForwardState): void {
  const outputs = state.outputs[task.name];
  for (const [name, shape] of Object.entries(task.outputs)) {
    const tensor = outputs?.[name];
    if (tensor === undefined) {
      throw new UnknownNameError(
        `output of task \`${task.name}\` in what the sharing strategy gave`,
        name,
        Object.keys(outputs ?? {}),
      );
    }
    const found = tensor.shape.slice(1);
    if (found.length !== shape.length || shape.some((size, i) => size !== null && size !== found[i])) {
      throw new ShapeMismatchError(`One row of output \`${name}\` of task \`${task.name}\``, shape, found);
    }
  }
}

import type { BoundAuxiliary } from '../contracts/auxiliary-term.js';
import type { InputSpecs } from '../contracts/batch.js';
import type { BoundGradientBalancing, GradientBalancing } from '../contracts/gradient-balancing.js';
import type { BoundLossWeighting, LossWeighting, TaskRoles } from '../contracts/loss-weighting.js';
import type { BoundObserver } from '../contracts/observer.js';
import type { ParameterLayout } from '../contracts/parameters.js';
import type { BoundSharing } from '../contracts/sharing.js';
import type { BoundStepPlan, StepPlan } from '../contracts/step-plan.js';
import type { AnyTask, TaskVariables } from '../contracts/task.js';
import { PolytaskError } from '../errors/polytask-error.js';
import { UnknownNameError } from '../errors/unknown-name-error.js';
import { eager } from '../executors/eager.js';
import { uniformStream } from '../random/uniform-stream.js';
import { createGroupScope, createRootScope, type Registry } from './build-scope.js';
import { checkParts, numbered } from './check-parts.js';
import type { ModelParts } from './model-parts.js';
import { createLayout } from './parameter-layout.js';
import { checkInputs, trialPass } from './trial-pass.js';

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
  /** Names of what it says of rows. */
  readonly inspected: readonly string[];
  readonly bound: BoundAuxiliary;
}

/** An observer in one run. */
export interface ModelObserver {
  /** The description's name, with a number where there are several of that name. */
  readonly name: string;
  readonly interval: number;
  readonly bound: BoundObserver;
}

/** All parts of one run, bound: the model, its auxiliary objectives and its balancing. */
export interface Model {
  readonly tasks: readonly AnyTask[];
  readonly inputs: InputSpecs;
  readonly layout: ParameterLayout;
  readonly sharing: BoundSharing;
  /** By task: the variables that it owns itself. */
  readonly variables: { readonly [task: string]: TaskVariables };
  /** Names of what a forward pass gives; see `stateTensors`. */
  readonly outputs: readonly string[];
  readonly auxiliaries: readonly ModelAuxiliary[];
  readonly balancing: BoundBalancing;
  readonly observers: readonly ModelObserver[];
  /** Full names of the scalars that training programs give for the history, after the terms. */
  readonly logged: readonly string[];
  /** What is balanced: the tasks, then the auxiliary objectives with `asTask`. */
  readonly objectives: readonly string[];
  /** What is added after balancing: the auxiliary terms without `asTask`. */
  readonly terms: readonly string[];
  dispose(): void;
}

/** Binds all parts, checks by a forward pass of two rows of zeros that the outputs are what the tasks declare, and lays out the parameters. */
export function buildModel(parts: ModelParts): Model {
  const { tasks, inputs, seed, limit, executor = eager() } = parts;
  checkParts(parts);
  checkInputs(inputs);
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
    const roles: TaskRoles = { primary: parts.primary, groups: parts.groups ?? {} };
    const streams = (kind: string, name: string) => (step: number) => uniformStream(seed, kind, name, step);
    const root = createRootScope(names, seed, registry, limit);
    const uniform = streams('sharing', parts.sharing.name);
    const sharing = parts.sharing.bind({ tasks, inputs, scope: root, uniform, ...roles });
    disposers.push(() => sharing.dispose?.());
    const { outputs, ...shapes } = trialPass(tasks, inputs, sharing);
    const variables = Object.fromEntries(
      tasks.map((task) => {
        const place = root.child('tasks').child(task.name, { usedBy: [task.name] });
        return [task.name, task.variables?.(place) ?? {}];
      }),
    );
    const modelLayout = createLayout(names, registry);
    const auxiliaries = (sharing.auxiliary ?? []).map((term): ModelAuxiliary => {
      disposers.push(() => term.dispose?.());
      const { weight = 1, updateEvery = 1 } = term;
      const name = `${parts.sharing.name}/${term.name}`;
      return { name, weight, updateEvery, asTask: false, inspected: [], bound: term };
    });
    for (const { name, description } of numbered(parts.auxiliary)) {
      const scope = createGroupScope(`auxiliary/${name}`, names, 'model', seed, registry, limit);
      const context = { tasks, inputs, layout: modelLayout, scope, executor, uniform: streams('auxiliary', name) };
      const bound = description.bind({ ...context, ...shapes, ...roles });
      disposers.push(() => bound.dispose?.());
      const { weight = 1, updateEvery = 1, asTask = false, inspected = [] } = description;
      auxiliaries.push({ name, weight, updateEvery, asTask, inspected, bound });
    }
    const asTasks = auxiliaries.filter(({ asTask }) => asTask).map(({ name }) => ({ name, task: undefined }));
    const balanced = [...tasks.map((task) => ({ name: task.name, task })), ...asTasks];
    const objectives = balanced.map(({ name }) => name);
    const { balancing: description } = parts;
    const bound = description.bind({
      tasks: objectives,
      objectives: balanced,
      scope: createGroupScope(`balancing/${description.name}`, objectives, 'balancing', seed, registry, limit),
      uniform: streams('balancing', description.name),
      rotations: sharing.rotations,
      ...roles,
    });
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
    const observers = numbered(parts.observers ?? []).map(({ name, description }): ModelObserver => {
      const context = { tasks, objectives: balanced, inputs, layout, uniform: streams('observer', name), ...roles };
      const observer = description.bind(context);
      disposers.push(() => observer.dispose?.());
      return { name, interval: description.interval ?? 1, bound: observer };
    });
    const logged = [
      ...(sharing.logged ?? []).map((name) => `${parts.sharing.name}/${name}`),
      ...auxiliaries.flatMap(({ name: part, bound: { logged: own = [] } }) => own.map((name) => `${part}/${name}`)),
    ];
    const inspected = auxiliaries.flatMap(({ name: part, inspected: own }) =>
      own.map((name) => `intermediate/${part}/${name}`),
    );
    const model = { tasks, inputs, layout, sharing, variables, auxiliaries, balancing, observers };
    return { ...model, outputs: [...outputs, ...inspected], objectives, terms, logged, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

// For every check of the kit a strategy with one fault that it is there to find.
import {
  type AuxiliaryObjective,
  buildEncoder,
  buildHeads,
  buildRotations,
  defineAuxiliary,
  defineGradientBalancing,
  defineLossWeighting,
  defineSchedule,
  defineSharing,
  defineStepPlan,
  type GradientBalancing,
  type GramianInput,
  hostTensor,
  type LossWeighting,
  mlp,
  onesInitializer,
  type Scalarization,
  type SharingContext,
  type SharingStrategy,
  type StepInfo,
  type Strategy,
  stopGradient,
} from '@polytask/core';
import { type ConformanceOptions, plainSharing } from '@polytask/core/testing';
import * as tf from '@tensorflow/tfjs';

/** A strategy that a check must refuse, and what it must say. */
export interface Broken {
  readonly check: string;
  readonly fault: string;
  readonly make: (tasks: readonly string[]) => Strategy;
  readonly says: string;
  readonly options?: ConformanceOptions;
}

const name = 'broken';
const sum: Scalarization = (losses) => tf.sum(losses);

const weighting = (scalarize: Scalarization, more: Partial<LossWeighting> = {}) => {
  return () => defineLossWeighting({ name, bind: () => ({ scalarize }), ...more });
};
const weights = (find: (input: GramianInput) => ArrayLike<number>, more: Partial<GradientBalancing> = {}) => {
  return () => defineGradientBalancing({ name, bind: () => ({ weights: find }), ...more });
};
const term = (loss: () => tf.Tensor) => (): AuxiliaryObjective => defineAuxiliary({ name, bind: () => ({ loss }) });
const rows = (of: (count: number, step: StepInfo) => readonly number[]) => () =>
  defineSchedule({ name, bind: ({ tasks }) => ({ rows: (step) => of(tasks.length, step) }) });

/** A plain model with a fault in what its forward pass makes of the shared features, or in who is said to use what. */
function sharing(
  fault: {
    readonly trunk?: (tasks: readonly string[]) => readonly string[];
    readonly alter?: (shared: tf.Tensor, place: number, drawn: number) => tf.Tensor;
    readonly features?: boolean;
  } = {},
): () => SharingStrategy {
  const { alter = (shared) => shared, features = true } = fault;
  const bind = ({ tasks, inputs, scope }: SharingContext) => {
    const names = tasks.map((task) => task.name);
    const trunk = buildEncoder(mlp([5]), scope.child('trunk', { usedBy: fault.trunk?.(names) ?? names }), inputs);
    const heads = buildHeads(scope, tasks, trunk.output);
    const drawn = scope.uniform('drawn')();
    return {
      forward: (x: Parameters<typeof trunk.apply>[0], step: Parameters<typeof trunk.apply>[1]) => {
        const shared = trunk.apply(x, step);
        const byTask = Object.fromEntries(names.map((task, k) => [task, alter(shared, k, drawn)]));
        const state = heads.apply(byTask, step);
        return features ? state : { ...state, features: {} };
      },
    };
  };
  return () => defineSharing({ name, bind });
}

/** Makes rotations longer, those of the tasks that are chosen by which are present. */
const stretching = (choose: (active: tf.Tensor1D) => tf.Tensor1D) => () =>
  defineGradientBalancing({
    name,
    bind: ({ tasks, rotations }) => ({
      weights: (input) => input.tasks.map(() => 1),
      learn({ active }) {
        const chosen = tf.unstack(choose(active));
        tasks.forEach((task, k) => {
          const matrix = rotations?.matrices[task];
          matrix?.assign(tf.mul(matrix, tf.add(1, chosen[k] as tf.Tensor)));
        });
        return {};
      },
    }),
  });

/** Its state is the description's, not the instance's: the n-th run multiplies losses by n. */
const counting = () => {
  let runs = 0;
  return defineLossWeighting({
    name,
    scale: 'paper',
    bind() {
      runs += 1;
      const factor = hostTensor(runs);
      return {
        feeds: () => ({ factor }),
        scalarize: (losses, _, feeds) => tf.mul(tf.sum(losses), feeds.factor as tf.Tensor),
      };
    },
  });
};
const onceCounting = counting();

/** Forgets how many steps it has seen. */
const forgetful = () =>
  defineLossWeighting({
    name,
    scale: 'paper',
    bind() {
      let steps = 0;
      return {
        feeds() {
          steps += 1;
          return { factor: hostTensor(steps) };
        },
        scalarize: (losses, _, feeds) => tf.mul(tf.sum(losses), feeds.factor as tf.Tensor),
      };
    },
  });

export const broken: readonly Broken[] = [
  {
    check: 'describes itself in frozen, plain data',
    fault: 'a function among its options',
    make: weighting(sum, { options: { schedule: () => 1 } }),
    says: '`options.schedule` is a function',
  },
  {
    check: 'describes itself in frozen, plain data',
    fault: 'a name in another case',
    make: weighting(sum, { name: 'softMaximum' }),
    says: 'kebab-case',
  },
  {
    check: 'describes itself in frozen, plain data',
    fault: 'a description that can be changed',
    make: () => ({ ...weighting(sum)() }),
    says: 'must be frozen',
  },
  {
    check: 'describes itself in frozen, plain data',
    fault: 'another kind',
    make: () => defineAuxiliary({ name, bind: () => ({ loss: () => tf.scalar(0) }) }) as never,
    says: 'must be made by its `define...` helper',
  },
  {
    check: 'describes itself in frozen, plain data',
    fault: 'half a citation',
    make: weighting(sum, { cites: [{ authors: 'A. Nobody', title: 'A title', venue: '', year: 2020, url: '' }] }),
    says: '`A title` lacks some',
  },
  {
    check: 'trains, in programs that an executor may trace',
    fault: 'a number of the host within a program',
    make: () => {
      let calls = 0;
      return weighting((losses) => {
        calls += 1;
        return tf.mul(tf.sum(losses), calls);
      })();
    },
    says: 'A program must do the same whenever',
  },
  {
    check: 'trains, in programs that an executor may trace',
    fault: 'a plan that moves nothing',
    make: () => defineStepPlan({ name, bind: () => ({ step: ({ gradient }) => gradient() }) }),
    says: 'Training must move parameters',
  },
  {
    check: 'gives the same numbers under eager',
    fault: 'state that the description keeps',
    make: () => onceCounting,
    says: 'under eager, against strict()',
  },
  {
    check: 'works with one task',
    fault: 'a mean over the other tasks',
    make: weights(({ tasks }) => tasks.map(() => 1 / (tasks.length - 1)), { scale: 'paper' }),
    says: 'gave weight Infinity',
  },
  {
    check: 'works with forty tasks',
    fault: 'a table of fixed size',
    make: weights(({ tasks }) => [1, 1, 1, 1, 1, 1, 1, 1].slice(0, tasks.length)),
    says: 'Give one weight per task present',
  },
  {
    check: 'bears a task whose loss is 0',
    fault: 'a logarithm',
    make: weighting((losses, active) => tf.sum(tf.mul(tf.log(losses), active))),
    says: 'must be finite',
  },
  {
    check: 'leaves absent tasks alone',
    fault: 'a plan that moves every task',
    make: () =>
      defineStepPlan({
        name,
        bind: ({ tasks }) => ({
          async step({ gradient, apply }) {
            const found = await gradient();
            await apply(found.gradient, { active: tasks.map((_, k) => k) });
            return found;
          },
        }),
      }),
    says: 'must not move while its task is absent',
  },
  {
    check: 'leaves absent tasks alone',
    fault: 'a plan that reports a weight for every task',
    make: () =>
      defineStepPlan({
        name,
        bind: ({ tasks }) => ({
          async step({ gradient, apply }) {
            const found = await gradient();
            await apply(found.gradient);
            return { ...found, weights: tasks.map(() => 1) };
          },
        }),
      }),
    says: 'must have weight 0',
  },
  {
    check: 'leaves alone what it is given',
    fault: 'sorting in place',
    make: weights(({ tasks, losses }) => {
      losses.sort().reverse();
      return tasks.map(() => 1);
    }),
    says: '`weights` wrote to entry',
  },
  {
    check: 'leaves alone what it is given',
    fault: 'disposing of a tensor',
    make: weighting((losses, active) => {
      const total = tf.sum(losses);
      active.dispose();
      return total;
    }),
    says: '`scalarize` disposed of argument 2',
  },
  {
    check: 'leaves no tensor behind',
    fault: 'a constant made when bound',
    make: () =>
      defineLossWeighting({
        name,
        bind() {
          tf.scalar(1);
          return { scalarize: sum };
        },
      }),
    says: 'must leave no tensor, but left 1',
  },
  {
    check: 'leaves no tensor behind',
    fault: 'a tensor made at every step on the host',
    make: () =>
      defineLossWeighting({
        name,
        bind: () => ({
          feeds() {
            tf.scalar(1);
            return {};
          },
          scalarize: sum,
        }),
      }),
    says: 'must leave as many tensors as there were, but left 21 more',
  },
  {
    check: 'goes on from a checkpoint as if nothing had happened',
    fault: 'state that is not saved',
    make: forgetful,
    says: 'must end like one that was not interrupted',
  },
  {
    check: 'draws everything from the seed',
    fault: '`Math.random`',
    make: () =>
      defineLossWeighting({
        name,
        bind: () => ({
          feeds: () => ({ factor: hostTensor(Math.random()) }),
          scalarize: (losses, _, feeds) => tf.mul(tf.sum(losses), feeds.factor as tf.Tensor),
        }),
      }),
    says: 'but called `Math.random`',
  },
  {
    check: 'draws everything from the seed',
    fault: 'state that the description keeps',
    make: () => onceCounting,
    says: 'Two runs of one description',
  },
  {
    check: 'goes back to its start where it can be reset',
    fault: 'a reset that does nothing',
    make: () =>
      defineLossWeighting({
        name,
        bind() {
          let steps = 0;
          return {
            feeds() {
              steps += 1;
              return {};
            },
            scalarize: sum,
            saveState: () => ({ steps }),
            loadState(state) {
              steps = state.steps as number;
            },
            reset() {},
          };
        },
      }),
    says: 'After `reset` the state must be that after `bind`, but `steps` is 9 instead of 0',
  },
  {
    check: 'gives every task its outputs and features, for 1 row and 7',
    fault: 'no features',
    make: sharing({ features: false }),
    says: '`features` of `task1` must have 1 rows',
  },
  {
    check: 'gives every task its outputs and features, for 1 row and 7',
    fault: 'two rows whatever comes in, as when it is bound',
    make: sharing({ alter: (shared) => tf.reshape(tf.tile(tf.mean(shared, 0, true), [2, 1]), [2, -1]) }),
    says: 'must be [1, 1] for 1 rows, but is [2, 1]',
  },
  {
    check: 'lets a variable reach the tasks that use it and no others',
    fault: 'a trunk said to be one task’s',
    make: sharing({ trunk: (tasks) => tasks.slice(0, 1) }),
    says: 'has a gradient of `task2` too',
  },
  {
    check: 'lets a variable reach the tasks that use it and no others',
    fault: 'a trunk said to be everybody’s, which one task does without',
    make: sharing({ alter: (shared, k) => (k === 1 ? stopGradient(shared) : shared) }),
    says: 'but that task has no gradient there',
  },
  {
    check: 'starts from the seed',
    fault: 'the same start for every seed',
    make: () =>
      defineSharing({
        name,
        bind: ({ tasks, scope }) => {
          const kernel = scope.variable('kernel', [4, 1], onesInitializer);
          return {
            forward({ x }) {
              const value = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
              return {
                outputs: Object.fromEntries(tasks.map((task) => [task.name, { value }])),
                features: Object.fromEntries(tasks.map((task) => [task.name, x as tf.Tensor])),
                intermediates: {},
              };
            },
          };
        },
      }),
    says: 'Another seed must give other initial values',
  },
  {
    check: 'saves a model that predicts the same',
    fault: 'a number that is no variable',
    make: sharing({ alter: (shared, _, drawn) => tf.mul(shared, 1 + drawn) }),
    says: 'must be the same after `loadModel`',
  },
  {
    check: 'predicts a row whatever rows come with it',
    fault: 'the mean of the batch',
    make: sharing({ alter: (shared) => tf.add(shared, tf.mean(shared, 0)) }),
    says: 'for a row alone',
  },
  {
    check: 'does not depend on the order of tasks, as claimed',
    fault: 'features times the place of a task',
    make: sharing({ alter: (shared, k) => tf.mul(shared, k + 1) }),
    says: 'A prediction of `task1` with tasks in another order',
  },
  {
    check: 'gives a finite loss and finite weights for losses of every size',
    fault: 'an exponential',
    make: weighting((losses) => tf.sum(tf.exp(losses))),
    says: 'The loss for losses [1000000000000',
  },
  {
    check: 'has weights that are derivatives of its loss',
    fault: 'a factor held fixed',
    make: weighting((losses) => tf.sum(tf.mul(stopGradient(losses), losses))),
    says: 'against finite differences',
  },
  {
    check: 'has weights that sum to the number of tasks present',
    fault: 'ascent',
    make: weighting((losses) => tf.neg(tf.sum(losses))),
    says: 'The sum of weights at step 0',
  },
  {
    check: 'has weights that sum to the number of tasks present',
    fault: 'weights that sum to 0',
    make: weights(({ tasks }) => tasks.map((_, k) => (k === 0 ? 1 - tasks.length : 1))),
    says: 'The sum of weights at step 0',
  },
  {
    check: 'gives no negative weight, as claimed',
    fault: 'a difference',
    make: weighting((losses) => tf.sum(tf.mul(losses, tf.tensor1d([1, -0.5, 1])))),
    says: 'Weight 1 is -0.5',
  },
  {
    check: 'gives no negative weight, as claimed',
    fault: 'a negative weight',
    make: weights(({ tasks }) => tasks.map((_, k) => (k === 1 ? -0.1 : 1))),
    says: 'Weights must not be negative',
  },
  {
    check: 'does not depend on the order of tasks, as claimed',
    fault: 'weights by place',
    make: weighting((losses) => tf.sum(tf.mul(losses, tf.range(1, losses.size + 1)))),
    says: 'in another order of tasks',
  },
  {
    check: 'does not depend on the order of tasks, as claimed',
    fault: 'weights by place',
    make: weights(({ tasks }) => tasks.map((_, k) => k + 1)),
    says: 'with tasks in another order',
  },
  {
    check: 'gives a finite direction for gradients of every size and angle',
    fault: 'a division by a norm',
    make: weights(({ tasks, gramian }) =>
      tasks.map((_, k) => 1 / Math.sqrt(gramian[k * (tasks.length + 1)] as number)),
    ),
    says: 'The weights for gradients of zero',
  },
  {
    check: 'gives a finite direction for gradients of every size and angle',
    fault: 'a square in float32',
    make: () =>
      defineGradientBalancing({
        name,
        bind: () => ({
          aggregate: ({ jacobian }) => ({ direction: tf.sum(tf.mul(jacobian, tf.square(tf.square(jacobian))), 0) }),
        }),
      }),
    says: 'The direction for ordinary gradients times 1000000000000000',
  },
  {
    check: 'bears tasks with labels in few parts of a batch',
    fault: 'products of parts that are not there',
    make: weights(({ parts = [] }) => parts.map((own) => 1 / (1 + Math.abs(own[1] as number))), { parts: 2 }),
    says: 'of tasks with labels in 1, 2, 2 parts',
  },
  {
    check: 'leaves rotations of the model rotations',
    fault: 'steps that stretch them',
    make: stretching((active) => active),
    says: 'The columns of the rotation of `task1`, each with each',
  },
  {
    check: 'leaves absent tasks alone',
    fault: 'rotations that move without their task',
    make: stretching(tf.onesLike),
    says: '`rotations/task2/matrix` must not move while its task is absent',
    options: { sharing: () => plainSharing(mlp([6]), undefined, true) },
  },
  {
    check: 'turns what heads see by its rotations, where it has any',
    fault: 'rotations that turn nothing',
    make: () =>
      defineSharing({
        name,
        bind({ tasks, inputs, scope }) {
          const trunk = buildEncoder(mlp([5]), scope.child('trunk'), inputs);
          const heads = buildHeads(scope, tasks, trunk.output);
          const rotations = buildRotations(scope, tasks, trunk.output, true)?.rotations;
          return {
            rotations,
            forward(x, step) {
              const shared = trunk.apply(x, step);
              return heads.apply(Object.fromEntries(tasks.map((task) => [task.name, shared])), step, { shared });
            },
          };
        },
      }),
    says: 'but it reaches no task',
  },
  {
    check: 'goes along the gradient of a single task',
    fault: 'the wrong sign',
    make: weights(({ tasks }) => tasks.map(() => -1)),
    says: 'The direction of one task',
  },
  {
    check: 'makes no task worse, as claimed',
    fault: 'a plain sum',
    make: weights(({ tasks }) => tasks.map(() => 1)),
    says: 'the direction makes task 1 worse',
  },
  {
    check: 'says of every row what it names',
    fault: 'a mean over rows',
    make: () =>
      defineAuxiliary({
        name,
        inspected: ['size'],
        bind: ({ tasks: [first] }) => ({
          inspect: ({ predict }) => ({ size: tf.mean(tf.abs(predict(first?.name ?? '')), 0, true) }),
          loss: () => tf.scalar(0),
        }),
      }),
    says: 'must have as many, but has shape [1]',
  },
  {
    check: 'gives a term in every step',
    fault: 'a term that is none',
    make: term(() => tf.scalar(Number.NaN)),
    says: 'The auxiliary term `broken` is NaN at step 0',
  },
  {
    check: 'says whom it teaches where labels are missing',
    fault: 'a term on predictions that says nothing',
    make: () =>
      defineAuxiliary({ name, bind: () => ({ loss: ({ predict }) => tf.mean(tf.square(predict('task2'))) }) }),
    says: 'by `heads/task2/outputs/value/kernel` of `task2` at step 1',
  },
  {
    check: 'has no part in steps without labels',
    fault: 'a balancing that counts them',
    make: () => {
      const bind = () => {
        let steps = 0;
        return {
          scalarize: sum,
          log: () => ({ steps: ++steps }),
          saveState: () => ({ steps }),
          loadState(state: { steps: number }) {
            steps = state.steps;
          },
        };
      };
      return defineLossWeighting({ name, bind });
    },
    says: '`state.steps` is 4 instead of 3',
  },
  {
    check: 'gives no negative term, as claimed',
    fault: 'a negative term',
    make: term(() => tf.scalar(-1)),
    says: 'The term is -1',
  },
  {
    check: 'fills every batch with whole rows',
    fault: 'a row per task',
    make: rows((count) => Array<number>(count).fill(1)),
    says: 'sum to the batch size of 8, but are 1, 1, 1',
  },
  {
    check: 'gives every task rows',
    fault: 'all rows to the first',
    make: rows((count) => Array.from({ length: count }, (_, k) => (k === 0 ? 8 : 0))),
    says: 'task2, task3 got no row',
  },
];

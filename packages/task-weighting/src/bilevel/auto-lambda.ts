import {
  describePart,
  extend,
  hostAdam,
  list,
  number,
  optional,
  required,
  scaleWeights,
  spread,
  taskName,
  UnknownNameError,
  withDefault,
} from '@polytask/core';
import { planOptions } from '../plan-options.js';

/** How far losses are looked at on either side, as in the paper. */
const reach = 0.01;

/**
 * Auto-Lambda: weights that are learned for what counts in the end, the primary tasks' losses on validation data after
 * a step.
 *
 * $$ \theta' = \theta - \eta\, \nabla_\theta \sum_k \lambda_k L_k(\theta), \qquad
 * d = \nabla_{\theta'} \sum_{k \in P} L_k^{\text{val}}(\theta'), \qquad
 * \frac{\partial}{\partial \lambda_k} = -\eta\, \frac{L_k(\theta + \epsilon d) - L_k(\theta - \epsilon d)}{2 \epsilon},
 * \qquad \epsilon = \frac{0.01}{\lVert d \rVert} $$
 *
 * λ takes a step of Adam along this gradient, and the model one along $\nabla_\theta \sum_k \lambda_k L_k(\theta)$ with
 * the new λ, where
 * - L_k `[K]` are the tasks' losses of the batch, and $L_k^{\text{val}}$ those of a batch of the validation data,
 * - P are the primary tasks, η is the step size of the virtual step, and λ_k a number per task.
 *
 * Shapes: losses `[K]` at θ + ε d and at θ − ε d → λ `[K]`.
 *
 * @remarks Needs `validation` in `fit`. A step takes a backward pass on the batch, one on a validation batch, two
 * forward passes, and the step's own. The virtual step is plain descent at η and not a step of the run's optimizer; the
 * paper adds momentum and decay to it, whose derivative it leaves out. λ is bound by nothing and may become negative,
 * as in the authors' code; LibMTL puts a softmax around it. Under `scale: 'tasks'` it is the model's own step that has
 * rescaled weights. A task that is absent keeps its λ.
 * @throws `POLYTASK_NO_VALIDATION` without validation data.
 * @example
 * ```ts
 * import { autoLambda } from '@polytask/task-weighting';
 *
 * const balancing = autoLambda({ innerRate: 0.01, primary: ['depth'] });
 * console.log(balancing.kind); // => step-plan
 * ```
 */
export const autoLambda = /* @__PURE__ */ describePart('step-plan', {
  name: 'auto-lambda',
  summary: 'Learns weights that lower the primary tasks’ losses on validation data.',
  cites: [
    {
      authors: 'S. Liu, S. James, A. J. Davison and E. Johns',
      title: 'Auto-Lambda: disentangling dynamic task relationships',
      venue: 'TMLR',
      year: 2022,
      url: 'https://arxiv.org/abs/2202.03091',
    },
  ],
  options: extend(
    {
      innerRate: required(
        number({ above: 0 }),
        'η: the step size of the virtual step; the learning rate of the model, as a rule.',
      ),
      primary: optional(
        list(taskName(), { least: 1 }),
        'P: tasks whose validation losses count.',
        'all tasks',
        'paper',
      ),
      start: withDefault(number({ above: 0 }), 0.1, 'λ at first.', 'authors’ code'),
      learningRate: withDefault(number({ above: 0 }), 1e-4, 'Of λ, for Adam.', 'paper, NYUv2'),
    },
    planOptions,
  ),
  make: ({ innerRate, primary, start, learningRate, scale }) => ({
    needsValidation: true,
    bind({ tasks }) {
      for (const name of primary ?? [])
        if (!tasks.includes(name)) throw new UnknownNameError('task', name, tasks, 'primary');
      const counts = tasks.map((task) => (primary === undefined || primary.includes(task) ? 1 : 0));
      const lambda = hostAdam(
        tasks.map(() => start),
        { learningRate },
      );
      return {
        async step({ parameters, clone, axpy, gradient, losses, dot, apply, validationBatch, active }) {
          const present = active();
          const virtual = await clone(parameters);
          await axpy(virtual, -innerRate, (await gradient({ weights: lambda.values })).gradient);
          const batch = await validationBatch();
          const { gradient: d } = await gradient({ parameters: virtual, batch, weights: counts, auxiliary: false });
          const length = Math.sqrt(await dot(d));
          // Where validation losses stand still no weight would change them.
          if (length > 0) {
            const epsilon = reach / length;
            const scratch = await clone(parameters);
            await axpy(scratch, epsilon, d);
            const ahead = await losses({ parameters: scratch });
            await axpy(scratch, -2 * epsilon, d);
            const behind = await losses({ parameters: scratch });
            const slopes = tasks.map(
              (_, k) => (-innerRate * ((ahead[k] as number) - (behind[k] as number))) / (2 * epsilon),
            );
            lambda.step(slopes, present);
          }
          const weights = scaleWeights(
            present.map((k) => lambda.values[k] as number),
            scale,
          );
          const found = await gradient({ weights: spread(weights, present, tasks.length) });
          await apply(found.gradient);
          const logged = Object.fromEntries(tasks.map((task, k) => [`lambda/${task}`, lambda.values[k] as number]));
          return { ...found, logged };
        },
        saveState: lambda.saveState,
        loadState: lambda.loadState,
        reset: lambda.reset,
      };
    },
  }),
});

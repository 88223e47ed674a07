import {
  type AnyTask,
  type BuildScope,
  type BuiltLayer,
  buildDense,
  buildEncoder,
  buildFlatten,
  buildHeads,
  chainLayers,
  describePart,
  type Encoder,
  headOption,
  type InputSpec,
  type InputSpecs,
  InvalidOptionError,
  inputsOf,
  list,
  number,
  type OptionsOf,
  optional,
  PolytaskError,
  part,
  required,
  stopGradient,
  text,
  UnknownNameError,
  whole,
  withDefault,
} from '@polytask/core';
import * as tf from '@tensorflow/tfjs';
import { readInputs } from './gate.js';

const names = list(text('an input'), { least: 1, what: 'a list of input names, at least one' });

const options = {
  encoder: required(part('encoder'), 'Embeddings of the inputs that are neither `domain` nor `prior`.'),
  units: required(list(whole({ from: 1 }), { least: 1 }), "Widths of the layers of every task's tower."),
  domain: optional(names, 'Inputs that say where a row is from; they gate the embeddings.', 'none'),
  domainEncoder: optional(part('encoder'), 'Makes numbers of them, such as `tabular()`.', 'the numbers themselves'),
  prior: optional(names, 'Inputs that say whom a row is about; they gate the towers.', 'none'),
  priorEncoder: optional(part('encoder'), 'Makes numbers of them, such as `tabular()`.', 'the numbers themselves'),
  gamma: withDefault(number({ above: 0 }), 2, 'The most that a gate multiplies by, γ.', 'paper'),
  head: headOption,
};

/** Options of {@link pepnet}. */
export type PepnetOptions = OptionsOf<typeof options>;

/**
 * Parameter and embedding personalised network: gates that know domain and person scale embeddings, and the layers of
 * every task's tower.
 *
 * $$ e' = \text{gate}\big([d,\ \text{sg}(e)]\big) \odot e, \qquad H_t^{l} = \text{gate}_t^{l}\big([p,\
 * \text{sg}(e')]\big) \odot
 * \text{relu}(H_t^{l-1} W_t^l + b_t^l), \quad H_t^0 = e', \qquad \text{gate}(a) = \gamma\, \sigma\big(W_2\,
 * \text{relu}(W_1 a)\big) $$
 *
 * where
 * - e are the embeddings (`embedding/...`), flattened, d the inputs `domain`, p the inputs `prior`, each as its encoder
 *   gives it (`domain/...`, `prior/...`); sg stops the gradient, so that gates do not move what they scale;
 * - the first gate (`gates/domain/...`) and all embeddings are used by all tasks; W_t (`towers/<task>/layer<l>/...`)
 *   and gate_t (`towers/<task>/gate<l>/...`) by that task only;
 * - the last H_t is what task t's head gets. W_1, W_2 are layers `hidden` and `open` with biases, both as wide as what
 *   the gate scales.
 *
 * `trainer.inspect` gives gates as `intermediates['gates/domain']` and `['gates/<task>/layer<l>']`, `[rows, width]`;
 * the history has their means by epoch, such as `pepnet/gates/<task>/layer0/mean`.
 *
 * Shapes: inputs `[rows, ...]` → embeddings `[rows, n]` → towers `[rows, units.at(-1)]` by task → outputs as each task
 * declares them.
 *
 * @remarks Gates scale what a layer gives, which is what the next takes. Without `domain` the embeddings' gate reads
 * the embeddings alone, and likewise without `prior`.
 * @throws `POLYTASK_UNKNOWN_NAME` for names that are no inputs; `POLYTASK_INVALID_OPTION` where an input is named twice
 * or none is left for the embeddings; `POLYTASK_TASK_INPUTS` where tasks read different inputs;
 * `POLYTASK_ENCODER_INPUT` for category ids without an encoder.
 * @example
 * ```ts
 * import { tabular } from '@polytask/core';
 * import { pepnet } from '@polytask/attention';
 *
 * const sharing = pepnet({ encoder: tabular(), units: [64, 32], domain: ['scenario'], domainEncoder: tabular() });
 * sharing.name; // => 'pepnet'
 * ```
 */
export const pepnet = /* @__PURE__ */ describePart('sharing', {
  name: 'pepnet',
  summary: "Gates that know domain and person scale shared embeddings and the layers of every task's tower.",
  cites: [
    {
      authors: 'J. Chang, C. Zhang, Y. Hui, D. Leng, Y. Niu, Y. Song and K. Gai',
      title: 'PEPNet: parameter and embedding personalized network for infusing with personalized prior information',
      venue: 'KDD',
      year: 2023,
      url: 'https://arxiv.org/abs/2302.01115',
    },
  ],
  options,
  make: (given) => ({
    bind({ tasks, inputs: all, scope }) {
      const inputs = commonInputs(tasks, all);
      const { domain, prior, main } = partition(inputs, given.domain ?? [], given.prior ?? []);
      const table = buildEncoder(given.encoder, scope.child('embedding'), main);
      const flat = buildFlatten(table.output);
      const reader = (specs: InputSpecs, name: 'domain' | 'prior', encoder: Encoder | undefined) =>
        Object.keys(specs).length === 0 ? undefined : readInputs(scope.child(name), specs, encoder, `${name}Encoder`);
      const where = reader(domain, 'domain', given.domainEncoder);
      const who = reader(prior, 'prior', given.priorEncoder);
      const width = flat.output.shape[0] as number;
      const beside = (read: typeof who) => width + ((read?.output.shape[0] as number | undefined) ?? 0);
      const gate = buildGateUnit(scope.child('gates').child('domain'), beside(where), width, given.gamma);
      const towers = tasks.map(({ name }) => {
        const place = scope.child('towers').child(name, { usedBy: [name] });
        return { name, layers: buildTower(place, flat.output, given.units, beside(who), given.gamma) };
      });
      const last: InputSpec = { shape: [given.units.at(-1) as number], dtype: 'float32' };
      const heads = buildHeads(scope, tasks, last, given.head);
      const gates = tasks.flatMap(({ name }) => given.units.map((_, l) => `gates/${name}/layer${l}`));
      return {
        logged: ['gates/domain', ...gates].map((name) => `${name}/mean`),
        forward(x, step) {
          const intermediates: Record<string, tf.Tensor> = {};
          const scaled = (name: string, one: BuiltLayer, seen: tf.Tensor, features: tf.Tensor) => {
            const open = one.apply(seen, step);
            intermediates[name] = open;
            if (step.training) intermediates[`${name}/mean`] = tf.mean(open);
            return tf.mul(open, features);
          };
          const embedded = flat.apply(table.apply(pick(x, main), step), step);
          const seen = sideBySide(where?.apply(pick(x, domain), step), stopGradient(embedded));
          const shared = scaled('gates/domain', gate, seen, embedded);
          const known = sideBySide(who?.apply(pick(x, prior), step), stopGradient(shared));
          const features: Record<string, tf.Tensor> = {};
          for (const { name, layers } of towers) {
            features[name] = layers.reduce(
              (below, { layer, gate: own }, l) =>
                scaled(`gates/${name}/layer${l}`, own, known, layer.apply(below, step)),
              shared,
            );
          }
          return heads.apply(features, step, { shared, intermediates });
        },
      };
    },
  }),
});

/** The inputs that all tasks read. */
function commonInputs(tasks: readonly AnyTask[], inputs: InputSpecs): InputSpecs {
  const [first, ...others] = tasks.map((task) => inputsOf(task, inputs));
  const keys = (specs: InputSpecs | undefined) =>
    Object.keys(specs ?? {})
      .sort()
      .join();
  if (others.some((other) => keys(other) !== keys(first))) {
    throw new PolytaskError(
      'POLYTASK_TASK_INPUTS',
      '`pepnet` gates all tasks by the same inputs, but tasks read inputs of their own. Give every task all inputs.',
    );
  }
  return first as InputSpecs;
}

function partition(inputs: InputSpecs, domain: readonly string[], prior: readonly string[]) {
  const known = Object.keys(inputs);
  for (const [option, given] of Object.entries({ domain, prior })) {
    for (const name of given) if (!known.includes(name)) throw new UnknownNameError('input', name, known, option);
  }
  const taken = [...domain, ...prior];
  if (new Set(taken).size < taken.length) {
    throw new InvalidOptionError('prior', 'inputs that are named once, here or in `domain`', prior);
  }
  const main = known.filter((name) => !taken.includes(name));
  if (main.length === 0) {
    throw new InvalidOptionError('prior', 'fewer inputs, since the embeddings need at least one', prior);
  }
  return { domain: pick(inputs, domain), prior: pick(inputs, prior), main: pick(inputs, main) };
}

function pick<Value>(
  from: { readonly [name: string]: Value },
  of: readonly string[] | { readonly [name: string]: unknown },
): { [name: string]: Value } {
  const wanted = Array.isArray(of) ? (of as readonly string[]) : Object.keys(of);
  return Object.fromEntries(wanted.map((name) => [name, from[name] as Value]));
}

/** γ σ(W₂ relu(W₁ a)). */
function buildGateUnit(place: BuildScope, seen: number, width: number, gamma: number): BuiltLayer {
  const layers = chainLayers({ shape: [seen], dtype: 'float32' }, [
    (input) => buildDense(place.child('hidden'), input, width, { activation: 'relu' }),
    (input) => buildDense(place.child('open'), input, width, { activation: 'sigmoid' }),
  ]);
  return { output: layers.output, apply: (x, step) => tf.mul(layers.apply(x, step), gamma) };
}

function buildTower(place: BuildScope, input: InputSpec, units: readonly number[], seen: number, gamma: number) {
  let before = input;
  return units.map((width, l) => {
    const layer = buildDense(place.child(`layer${l}`), before, width, { activation: 'relu' });
    before = layer.output;
    return { layer, gate: buildGateUnit(place.child(`gate${l}`), seen, width, gamma) };
  });
}

function sideBySide(first: tf.Tensor | undefined, second: tf.Tensor): tf.Tensor {
  return first === undefined ? second : tf.concat([first, second], 1);
}

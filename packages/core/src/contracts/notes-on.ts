import type { Description } from './description.js';

/** The parts of a run that notes are about. */
export interface NotedParts {
  readonly optimizer?: Description<'optimizer'> | undefined;
  readonly balancing?: Description | undefined;
  readonly sharing?: Description | undefined;
  readonly auxiliary?: readonly Description[] | undefined;
}

/**
 * What the parts of a run have to say of one another, where that is no mistake but may not be meant: now, that a method was made for another
 * optimizer or balancing. `polytask check` and `polytask train` print it; a trainer of your own has to be asked.
 *
 * @param parts Options of a trainer will do. Without an optimizer it is `adam`, without a balancing `sum-of-losses`, as for a trainer.
 * @returns Sentences.
 * @example
 * ```ts
 * import { adam, defineStepPlan, notesOn, sgd } from '@polytask/core';
 *
 * const balancing = defineStepPlan({
 *   name: 'signs',
 *   madeFor: { optimizers: ['sgd'], because: 'It divides by sizes itself.' },
 *   bind: () => ({
 *     async step({ gradient, apply }) {
 *       const { gradient: direction, losses, weights } = await gradient();
 *       await apply(direction);
 *       return { losses, weights };
 *     },
 *   }),
 * });
 *
 * notesOn({ balancing, optimizer: sgd({ learningRate: 0.1 }) }); // => []
 * notesOn({ balancing, optimizer: adam() });
 * // => ['`signs` was made for the optimizer `sgd`, and this run has `adam`. It divides by sizes itself.']
 * ```
 */
export function notesOn({ optimizer, balancing, sharing, auxiliary = [] }: NotedParts): string[] {
  const used = { optimizer: [optimizer?.name ?? 'adam'], balancing: withInner(balancing ?? { name: 'sum-of-losses' }) };
  return [sharing, balancing, ...auxiliary].flatMap((part) => {
    const { optimizers, balancings, because } = part?.madeFor ?? {};
    const about = (kind: keyof typeof used, names: readonly string[] | undefined) => {
      if (part === undefined || names === undefined || used[kind].some((name) => names.includes(name))) return [];
      const best = names.map((name) => `\`${name}\``).join(' or ');
      return [`\`${part.name}\` was made for the ${kind} ${best}, and this run has \`${used[kind][0]}\`. ${because}`];
    };
    return [...about('optimizer', optimizers), ...about('balancing', balancings)];
  });
}

/** The name of a balancing, and of those that it is put around. */
function withInner({ name, options }: { readonly name: string; readonly options?: object }): string[] {
  const inner = (options as { readonly inner?: { readonly name?: unknown; readonly options?: object } } | undefined)
    ?.inner;
  return typeof inner?.name === 'string' ? [name, ...withInner({ ...inner, name: inner.name })] : [name];
}

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
 * optimizer. `polytask check` and `polytask train` print it; a trainer of your own has to be asked.
 *
 * @param parts Options of a trainer will do. Without an optimizer it is `adam`, as for a trainer.
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
  const used = optimizer?.name ?? 'adam';
  return [sharing, balancing, ...auxiliary].flatMap((part) => {
    const { optimizers, because } = part?.madeFor ?? {};
    if (part === undefined || optimizers === undefined || optimizers.includes(used)) return [];
    const best = optimizers.map((name) => `\`${name}\``).join(' or ');
    return [`\`${part.name}\` was made for the optimizer ${best}, and this run has \`${used}\`. ${because}`];
  });
}

import { InvalidOptionError } from '@polytask/core';
import type { AgreementLoss } from '../comparison.js';
import { type Predicted, predictedWords } from '../predicted.js';

/** Refuses a task that is to agree with itself. */
export function requireTwo(option: string, task: string, other: string): void {
  if (task === other) throw new InvalidOptionError(option, 'another task', other);
}

/** Refuses a divergence of what is no probability. */
export function requireLoss(loss: AgreementLoss, ...of: readonly Predicted[]): void {
  const amounts = of.find(({ kind }) => kind === 'amounts');
  if (loss !== 'kl' || amounts === undefined) return;
  throw new InvalidOptionError(
    'loss',
    'squared-error, absolute-error or huber where amounts are compared',
    loss,
    `\`${amounts.task.name}\` is ${predictedWords(amounts)}.`,
  );
}

import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireThat } from './require-that.js';
import { inTrial, type Subject } from './trial.js';

/** What an auxiliary objective has to give besides. */
export function auxiliaryChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  const { name, asTask } = subject.make(['task1', 'task2', 'task3']) as { name: string; asTask?: boolean };
  const terms = (look: (term: number, step: number) => void) =>
    inTrial(subject, {}, async ({ train, events }) => {
      await train(2);
      for (const event of events) look((asTask ? event.losses : event.terms)[name] ?? Number.NaN, event.step);
    });
  const checks: Check[] = [
    {
      name: 'gives a term in every step',
      run: () =>
        terms((term, step) => requireThat(Number.isFinite(term), () => `The term is ${term} at step ${step}.`)),
    },
  ];
  if (claims.includes('non-negative')) {
    checks.push({
      name: 'gives no negative term, as claimed',
      run: () => terms((term, step) => requireThat(term >= -1e-6, () => `The term is ${term} at step ${step}.`)),
    });
  }
  return checks;
}

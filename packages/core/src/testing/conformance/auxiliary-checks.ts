import type { AuxiliaryObjective } from '../../contracts/auxiliary.js';
import type { HostTensor } from '../../contracts/tensors.js';
import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireFinite, requireThat } from './require-that.js';
import { inTrial, type Subject } from './trial.js';
import { inputRows } from './trial-data.js';

/** Rows that are looked at. */
const rowsSeen = 3;

/** What an auxiliary objective has to give besides. */
export function auxiliaryChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  const { name, asTask, inspected = [] } = subject.make(['task1', 'task2', 'task3']) as AuxiliaryObjective;
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
    {
      name: 'says of every row what it names',
      run: () =>
        inTrial(subject, {}, async ({ trainer, train }) => {
          if (inspected.length === 0) return;
          await train(1);
          const inputs = Object.fromEntries(
            Object.entries(subject.inputs).map(([input, spec]) => [input, inputRows(spec, rowsSeen, 'seen')]),
          );
          const { intermediates } = await trainer.inspect(inputs);
          for (const one of inspected) {
            const { data, shape } = intermediates[`${name}/${one}`] as HostTensor;
            requireThat(
              shape[0] === rowsSeen,
              () => `\`${one}\` of ${rowsSeen} rows must have as many, but has shape [${shape.join(', ')}].`,
            );
            requireFinite(data, () => `\`${one}\` of every row`);
          }
        }),
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

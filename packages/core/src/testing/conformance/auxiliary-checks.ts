import type { AuxiliaryObjective } from '../../contracts/auxiliary.js';
import type { Batch } from '../../contracts/batch.js';
import { defineObserver } from '../../contracts/observer.js';
import type { HostTensor } from '../../contracts/tensors.js';
import type { Check } from './check.js';
import type { Claim } from './claims.js';
import { requireFinite, requireThat } from './require-that.js';
import { inTrial, type Subject } from './trial.js';
import { inputRows } from './trial-data.js';
import { watchTaught } from './watch-taught.js';

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
  if (!subject.perTaskData) {
    checks.push({ name: 'says whom it teaches where labels are missing', run: () => requireSaid(subject) });
  }
  if (claims.includes('non-negative')) {
    checks.push({
      name: 'gives no negative term, as claimed',
      run: () => terms((term, step) => requireThat(term >= -1e-6, () => `The term is ${term} at step ${step}.`)),
    });
  }
  return checks;
}

/**
 * What tasks without a label have for themselves must not depend on the rows, unless the objective says that it teaches them: it would
 * learn from them in some steps only. A penalty on parameters has the same gradient whatever the rows are.
 */
async function requireSaid(subject: Subject): Promise<void> {
  const { taught, onBind } = watchTaught();
  const silent: string[] = [];
  const observer = defineObserver({
    name: 'watch',
    bind: ({ layout, objectives }) => ({
      async probe({ gradient, read, batch, active, info }) {
        // Of the objective alone, whether it is balanced like a task or not.
        const weights = objectives.map(({ task }) => (task === undefined ? 1 : 0));
        const of = async (rows: Batch) => (await read((await gradient({ weights, batch: rows })).gradient)).data;
        const present = active().map((k) => objectives[k]?.name as string);
        const [here, elsewhere] = [await of(batch), await of({ ...batch, inputs: firstRowAgain(batch.inputs) })];
        for (const { usedBy, offset, size, path } of layout.segments) {
          const [task = ''] = usedBy;
          if (usedBy.length !== 1 || present.includes(task) || taught(info.step).includes(task)) continue;
          const depends = here.subarray(offset, offset + size).some((value, i) => value !== elsewhere[offset + i]);
          if (depends) silent.push(`\`${path}\` of \`${task}\` at step ${info.step}`);
        }
      },
      result: () => null,
    }),
  });
  await inTrial(subject, { onBind, observer }, async ({ train }) => {
    await train(1);
    requireThat(
      silent.length === 0,
      () =>
        `What it learns from rows without a label must be said by \`actsOn\`, but it has a gradient by ${silent[0]}, which has no ` +
        'label there, and does not name the task.',
    );
  });
}

/** The same inputs with the first row in the place of every other. */
function firstRowAgain(inputs: Batch['inputs']): Batch['inputs'] {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => {
      const width = data.length / (shape[0] as number);
      return [name, { data: data.map((_, i) => data[i % width] as number), shape }];
    }),
  );
}

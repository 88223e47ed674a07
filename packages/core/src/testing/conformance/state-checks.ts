import type { Checkpoint } from '../../checkpoints/checkpoint.js';
import type { Lifecycle } from '../../contracts/description.js';
import type { State } from '../../contracts/tensors.js';
import { replaceProperty } from '../../executors/replace-property.js';
import type { Check } from './check.js';
import { differenceOf, requireThat } from './require-that.js';
import { batches, inTrial, type Subject, type TrialOptions } from './trial.js';

const epochs = 3;

/** What a part remembers: all of it is saved, and nothing comes from anywhere but the seed. */
export function stateChecks(subject: Subject): Check[] {
  let uninterrupted: Promise<Checkpoint> | undefined;
  /** The end of a run that others are held against; trained once. */
  const reference = () => {
    uninterrupted ??= end(subject, {});
    return uninterrupted;
  };
  return [
    {
      name: 'goes on from a checkpoint as if nothing had happened',
      async run() {
        // Within the first epoch, and within the last one, after two ends of epochs.
        const found = await endWithStops(subject, [1, 2 * batches]);
        requireSame(found, await reference(), 'A run resumed twice must end like one that was not interrupted');
      },
    },
    {
      name: 'draws everything from the seed',
      async run() {
        const part = subject.make(['task1', 'task2', 'task3']);
        const random = () => {
          requireThat(
            false,
            () => 'A part must draw from what its context gives (`uniform`), but called `Math.random`.',
          );
        };
        const allow = replaceProperty(Math, 'random', random);
        try {
          const [first, second] = [await end(subject, { part }), await end(subject, { part })];
          requireSame(second, first, 'Two runs of one description from the same seed must be the same');
          requireSame(await reference(), first, 'A run of a description made anew must be the same');
        } finally {
          allow();
        }
      },
    },
    {
      name: 'goes back to its start where it can be reset',
      async run() {
        let start: State | undefined;
        const onBind = (instance: Lifecycle) => {
          start = structuredClone(instance.saveState?.());
          return instance;
        };
        await inTrial(subject, { onBind }, async (trial) => {
          await trial.train(epochs);
          const bound = trial.bound();
          if (bound?.saveState === undefined || bound.reset === undefined) return;
          bound.reset();
          const difference = differenceOf(bound.saveState(), start);
          requireThat(
            difference === undefined,
            () => `After \`reset\` the state must be that after \`bind\`, but ${difference}.`,
          );
        });
      },
    },
  ];
}

/** The checkpoint at the end of a trial. */
async function end(subject: Subject, options: TrialOptions): Promise<Checkpoint> {
  return inTrial(subject, options, async (trial) => {
    await trial.train(epochs);
    return trial.checkpoint();
  });
}

/** The same, of a run that stops after each of these steps and goes on from its checkpoint in a new trainer. */
async function endWithStops(subject: Subject, stops: readonly number[]): Promise<Checkpoint> {
  let saved: Checkpoint | undefined;
  for (const step of [...stops, undefined]) {
    const from = saved;
    saved = await inTrial(subject, {}, async (trial) => {
      if (from !== undefined) await trial.trainer.restore(from);
      await trial.train(epochs, step === undefined ? undefined : { step });
      return trial.checkpoint();
    });
  }
  return saved as Checkpoint;
}

function requireSame(found: Checkpoint, expected: Checkpoint, what: string): void {
  const difference = differenceOf(withoutSeconds(found), withoutSeconds(expected));
  requireThat(
    difference === undefined,
    () =>
      `${what}, but in the checkpoint ${difference}. State belongs into \`saveState\`, and into the instance, not the description.`,
  );
}

function withoutSeconds({ tensors, state }: Checkpoint): unknown {
  const { seconds: _, ...history } = state.history as Record<string, unknown>;
  return { tensors, state: { ...state, history } };
}

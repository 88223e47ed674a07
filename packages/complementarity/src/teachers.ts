import {
  type AuxiliaryObjective,
  type Batch,
  choice,
  code,
  createTrainer,
  type Executor,
  either,
  type FrozenModel,
  type HostTensor,
  PolytaskError,
  type PreparePrimitives,
  required,
  type Teachers,
  type Trainer,
  UnknownNameError,
} from '@polytask/core';

const isTeachers = (value: unknown) =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).length > 0 &&
  Object.values(value).every(
    (one: unknown) =>
      typeof one === 'object' && one !== null && ['tasks', 'sharing', 'model'].every((name) => name in one),
  );

/** Whom to learn from. */
export const teachersOption = required(
  either(
    [choice('single-task'), code<Teachers>('trained models by task', isTeachers)],
    'single-task, or trained models by task',
  ),
  'Who teaches: single-task, a network for each task alone, which a run file trains first; in code trained models by task, ' +
    '{ tasks, sharing, model }.',
);

/** A term with its teachers, which says of itself what it said without: checkpoints compare that. */
export function withTeachers(part: AuxiliaryObjective): AuxiliaryObjective {
  return Object.freeze({ ...part, options: { ...part.options, teachers: 'single-task' } });
}

/** What a teacher is asked for. */
type Output = `prediction/${string}` | `features/${string}` | 'shared';

/** The teachers of one run: opened when they are first asked, and given back by `dispose`. */
export interface OpenTeachers {
  /**
   * For `batchFeeds`: what the teachers say of the rows of a batch, in inference mode, under `teacher/<task>`. Errors:
   * `POLYTASK_NO_TEACHERS` where they have not been trained.
   */
  batchFeeds(primitives: Pick<PreparePrimitives, 'batch'>): Promise<Record<`teacher/${string}`, HostTensor>>;
  dispose(): void;
}

/**
 * @param part Who asks, for messages.
 * @param usual What computes teachers that say nothing of it: the run's executor.
 * @param outputOf What is wanted of the teacher of a task.
 * @throws `POLYTASK_UNKNOWN_NAME` for tasks without a teacher.
 */
export function openTeachers(
  part: string,
  usual: Executor,
  teachers: 'single-task' | Teachers,
  tasks: readonly string[],
  outputOf: (task: string) => Output,
): OpenTeachers {
  const given = teachers === 'single-task' ? undefined : teachers;
  for (const task of given === undefined ? [] : tasks) {
    if (!Object.hasOwn(given as Teachers, task)) {
      throw new UnknownNameError('teacher of task', task, Object.keys(given as Teachers), 'teachers');
    }
  }
  const opening = new Map<FrozenModel, Promise<Opened>>();
  const opened = new Set<Opened>();
  let disposed = false;
  const ask = async (frozen: FrozenModel, batch: Batch): Promise<Record<string, HostTensor>> => {
    const trainer = opening.get(frozen) ?? open(frozen);
    opening.set(frozen, trainer);
    const taught = tasks.filter((task) => given?.[task] === frozen);
    const names = [...new Set(taught.map(outputOf))];
    const found = await (await trainer).forward(batch.inputs, names);
    return Object.fromEntries(taught.map((task) => [`teacher/${task}`, found[outputOf(task)] as HostTensor]));
  };
  return {
    async batchFeeds({ batch }) {
      if (given === undefined) {
        throw new PolytaskError(
          'POLYTASK_NO_TEACHERS',
          `\`${part}\` learns from a network for each task alone, which have to be trained first: a run file does that ` +
            '(`polytask train`, `runExperiment`). In code train them, and give `teachers: { task: { tasks, sharing, model } }`.',
        );
      }
      const asked = new Set(tasks.map((task) => given[task] as FrozenModel));
      const found: Record<string, HostTensor> = {};
      // One after another: they share the backend.
      for (const frozen of asked) Object.assign(found, await ask(frozen, batch));
      return found;
    },
    dispose() {
      disposed = true;
      for (const trainer of opened) trainer.dispose();
    },
  };

  async function open({ tasks: learned, sharing, model, executor = usual }: FrozenModel): Promise<Opened> {
    const trainer = await createTrainer({ tasks: learned, sharing, executor });
    try {
      await trainer.loadModel(model);
      if (disposed)
        throw new PolytaskError('POLYTASK_DISPOSED', `The run of \`${part}\` ended while teachers were opened.`);
      opened.add(trainer as never);
      return trainer as never;
    } catch (error) {
      trainer.dispose();
      throw error;
    }
  }
}

/** A trainer, whose tasks are not known to the compiler. */
type Opened = Pick<Trainer<never>, 'dispose'> & {
  forward(
    inputs: { readonly [input: string]: HostTensor },
    names: readonly string[],
  ): Promise<{ readonly [name: string]: HostTensor }>;
};

import type { BoundAuxiliary } from '../../contracts/auxiliary-term.js';
import type { Lifecycle } from '../../contracts/description.js';
import { instanceMembers } from '../../model/instance-members.js';

/** Remembers whom an auxiliary objective says that it teaches, step by step. */
export function watchTaught(): {
  /** In a step; nobody where it has said nothing. */
  taught(step: number): readonly string[];
  onBind(instance: Lifecycle): Lifecycle;
} {
  const found = new Map<number, readonly string[]>();
  return {
    taught: (step) => found.get(step) ?? [],
    onBind(instance) {
      const { actsOn } = instance as BoundAuxiliary;
      if (actsOn === undefined) return instance;
      const watched: NonNullable<BoundAuxiliary['actsOn']> = (rows) => {
        const tasks = actsOn.call(instance, rows);
        found.set(rows.step.step, tasks ?? []);
        return tasks;
      };
      return { ...instanceMembers(instance), actsOn: watched } as Lifecycle;
    },
  };
}

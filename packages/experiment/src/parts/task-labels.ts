import { type LabelOptions, mostClasses, type TableEncoding, type VectorLabel } from '@polytask/data';
import type { Config } from '../config/schema.js';

/** The label of a task: a column, or several. */
export type TaskLabel = LabelOptions | VectorLabel;

/** What labels the tasks of a configuration need, one per column. */
export function labelsOf(
  tasks: Config['tasks'],
  add: (path: (string | number)[], message: string) => void,
): TaskLabel[] {
  const byColumn = new Map<string, TaskLabel>();
  (tasks as unknown as TaskConfig[]).forEach((task, index) => {
    const column = task.column ?? task.name;
    const label = labelOf(task, column);
    if (typeof label === 'string') {
      add(['tasks', index, 'type'], label);
      return;
    }
    const other = byColumn.get(column);
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(label)) {
      add(
        ['tasks', index],
        `another task reads column \`${column}\` otherwise; give this one a column of its own, by \`sql\``,
      );
    }
    byColumn.set(column, label);
  });
  return [...byColumn.values()];
}

interface TaskConfig {
  readonly type: string;
  readonly name: string;
  readonly column?: string;
  readonly classes?: number | readonly string[];
  readonly labels?: readonly string[] | number;
  readonly size?: number;
  readonly columns?: readonly string[];
}

/** How a task's labels are read; or why they cannot be. */
function labelOf(
  { type, classes, labels, size, columns, name, ...task }: TaskConfig,
  column: string,
): TaskLabel | string {
  if (columns !== undefined) {
    if (task.column !== undefined) return 'a task has `column` or `columns`, not both';
    const asked = type === 'multi-label' && Array.isArray(labels) ? labels.length : (size ?? columns.length);
    if (asked !== columns.length) return `the task has ${asked} values per row, but ${columns.length} columns`;
    return { column: name, columns, kind: type === 'multi-label' ? 'binary' : 'number' };
  }
  if (type === 'classification') {
    const count = typeof classes === 'number' ? classes : (classes?.length ?? 0);
    if (count > mostClasses)
      return `a column of a table has at most ${mostClasses} classes, but \`classes\` asks for ${count}`;
    const names = typeof classes === 'number' ? Array.from({ length: classes }, (_, id) => String(id)) : classes;
    return { column, kind: 'class', ...(names === undefined ? {} : { classes: names }) };
  }
  if (type === 'binary') return { column, kind: 'binary', ...(Array.isArray(labels) ? { classes: labels } : {}) };
  if (type === 'multi-label' || type === 'dense-classification' || size !== undefined) {
    return 'a column of a table has one label per row; several columns are one label by `columns: [names]`, of regression or multi-label';
  }
  return { column, kind: 'number' };
}

/** Tasks with the names of their classes, where the data said them. */
export function withClasses(tasks: Config['tasks'], { labels }: TableEncoding): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task) => {
    const label = labels.find(({ column }) => column === (task.column ?? task.name));
    if (label?.kind !== 'class') return task;
    if (task.type === 'classification' && task.classes === undefined) return { ...task, classes: label.classes };
    if (task.type === 'binary' && task.labels === undefined) return { ...task, labels: label.classes };
    return task;
  }) as unknown as Config['tasks'];
}

/** Tasks with some classes where only the data would say which: enough to look for further mistakes without the data. */
export function assumeClasses(tasks: Config['tasks']): Config['tasks'] {
  return (tasks as unknown as TaskConfig[]).map((task) =>
    task.type === 'classification' ? { classes: 2, ...task } : task,
  ) as unknown as Config['tasks'];
}

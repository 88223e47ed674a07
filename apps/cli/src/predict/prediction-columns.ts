import type { AnyTask } from '@polytask/core';
import type { TableEncoding } from '@polytask/data';
import type { Config } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';

/** A value of a column in the output; a list or mapping is one in JSON, and the text of it elsewhere. */
export type Cell = string | number | boolean | null | readonly unknown[] | { readonly [key: string]: unknown };

/** How predictions of a task stand in a row. */
export interface PredictionColumns {
  readonly names: readonly string[];
  /** The values of a prediction, as the task's `decode` gave it; for no prediction, nothing in every column. */
  cells(prediction: unknown): readonly Cell[];
}

/**
 * The columns of a task: `<task>` with the answer (a number in the units of the data, or the name of a class), and for classes
 * `<task>.probability` of the answer (for a yes or a no: of the second one) and `<task>.probability.<class>`. Several labels have a column
 * each, vectors one per number, by the names of the columns that they were learned from; a kind of task that is not ours has its prediction as it is, in JSON a list or a mapping where it is one.
 *
 * @param unsaid - Tasks with a yes or a no of which only the alphabet says which is which: `<task>.probability.<positive>`.
 */
export function predictionColumns(
  { name, type, options, target }: AnyTask,
  unsaid?: ReadonlySet<string>,
): PredictionColumns {
  const given = (options ?? {}) as { classes?: unknown; labels?: unknown; columns?: unknown };
  if (type === 'classification') {
    const classes = namesOf(given.classes);
    return {
      names: [name, `${name}.probability`, ...classes.map((label) => `${name}.probability.${label}`)],
      cells(prediction) {
        const { label, probability, probabilities } = prediction as {
          label: string;
          probability: number;
          probabilities: readonly number[];
        };
        return [label, short(probability), ...probabilities.map(short)];
      },
    };
  }
  if (type === 'binary') {
    return {
      names: [
        name,
        unsaid?.has(name) === true ? `${name}.probability.${namesOf(given.labels)[1]}` : `${name}.probability`,
      ],
      cells(prediction) {
        const { label, probability } = prediction as { label: string; probability: number };
        return [label, short(probability)];
      },
    };
  }
  if (type === 'multi-label') {
    const labels = namesOf(given.labels ?? given.columns);
    return {
      names: [...labels.map((label) => `${name}.${label}`), ...labels.map((label) => `${name}.probability.${label}`)],
      cells(prediction) {
        const { labels: found, probabilities } = prediction as {
          labels: readonly string[];
          probabilities: readonly number[];
        };
        return [...labels.map((label) => found.includes(label)), ...labels.map((_, i) => short(probabilities[i] ?? 0))];
      },
    };
  }
  const [size] = target.shape;
  if (type === 'regression' && size === undefined) {
    return { names: [name], cells: (prediction) => [short(prediction as number)] };
  }
  if (type === 'regression') {
    const columns = namesOf(given.columns ?? size);
    return {
      names: columns.map((column) => `${name}.${column}`),
      cells: (prediction) => (prediction as readonly number[]).map(short),
    };
  }
  return { names: [name], cells: (prediction) => [plain(prediction)] };
}

function plain(prediction: unknown): Cell {
  if (typeof prediction === 'number') return short(prediction);
  if (typeof prediction === 'string' || typeof prediction === 'boolean') return prediction;
  const text = JSON.stringify(prediction, (_, value: unknown) =>
    ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float32Array, short) : value,
  );
  return text === undefined ? null : (JSON.parse(text) as Cell);
}

/** Tasks with two answers of which the run file does not say which is the positive one, nor do they themselves. */
export function unsaidTasks({ tasks }: Pick<Config, 'tasks'>, { labels }: TableEncoding): ReadonlySet<string> {
  const given = tasks as unknown as readonly { name: string; column?: string }[];
  return new Set(
    given.flatMap(({ name, column = name }) => {
      const label = labels.find((one) => one.column === column);
      return label?.kind === 'class' && label.unsaid === true ? [name] : [];
    }),
  );
}

const namesOf = (given: unknown): readonly string[] =>
  typeof given === 'number'
    ? Array.from({ length: given }, (_, index) => String(index))
    : ((given ?? []) as readonly string[]);

/** The shortest decimal number that is this float32; null where it is not finite, which no format has. */
export function short(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  for (let digits = 6; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/** @throws InputError where two columns of the output would have one name. */
export function refuseDoubled(names: readonly string[]): void {
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled === undefined) return;
  const message = `two columns of the predictions would be called \`${doubled}\`; tasks and classes need other names`;
  throw new InputError([{ where: 'polytask predict', message }]);
}

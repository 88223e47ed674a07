import type { AnyTask, HostTensor, MultiTaskDataset, Trainer } from '@polytask/core';

/** Answers of one task for rows with labels, as pictures need them. */
export type TaskAnswers =
  | { readonly kind: 'numbers'; readonly pairs: readonly (readonly [label: number, predicted: number])[] }
  | {
      readonly kind: 'classes';
      readonly classes: readonly string[];
      /** By true class, then by answer: how many rows. */
      readonly counts: readonly (readonly number[])[];
      /** By how sure the model was, from 0 to 1. */
      readonly bins: readonly ConfidenceBin[];
      /** What the probabilities are of: the answer, or the positive one of two. */
      readonly of: 'answer' | 'positive';
    };

/** Rows for which the model was about equally sure. */
export interface ConfidenceBin {
  readonly rows: number;
  /** Mean probability. */
  readonly said: number;
  /** Share of the rows for which it was true. */
  readonly found: number;
}

/** What a model answers for rows of its run. */
export interface MeasuredPart {
  /** Rows that were looked at, and those that there are. */
  readonly rows: number;
  readonly of: number;
  /** By task; kinds of tasks without such pictures are left out. */
  readonly tasks: { readonly [task: string]: TaskAnswers };
}

const batchSize = 250;
const binCount = 10;

/**
 * Lets a model answer for rows with labels.
 *
 * @param most - Rows that are enough: of more, batches at equal distances.
 */
export async function measurePart(
  trainer: Trainer<readonly AnyTask[]>,
  dataset: MultiTaskDataset,
  most = 2500,
): Promise<MeasuredPart> {
  const collectors = trainer.tasks.flatMap((task) => {
    const collector = collectorFor(task);
    return collector === undefined ? [] : [{ task, collector }];
  });
  const cursor = dataset.open({ batchSize });
  cursor.seek(0, 0);
  const every = Math.max(1, Math.ceil(dataset.size / most));
  let [rows, index] = [0, 0];
  for (let batch = await cursor.next(); batch !== null; batch = await cursor.next()) {
    if (index++ % every !== 0) continue;
    rows += batch.size;
    const predicted = await trainer.predict(batch.inputs as { [input: string]: HostTensor });
    for (const { task, collector } of collectors) {
      const labels = batch.columns[task.column]?.data;
      const answers = predicted[task.name] as readonly unknown[];
      if (labels !== undefined) answers.forEach((answer, row) => void collector.add(labels[row] as number, answer));
    }
  }
  const tasks = Object.fromEntries(collectors.map(({ task, collector }) => [task.name, collector.answers()]));
  return { rows, of: dataset.size, tasks };
}

interface Collector {
  add(label: number, answer: unknown): void;
  answers(): TaskAnswers;
}

function collectorFor({ type, options, target }: AnyTask): Collector | undefined {
  if (target.shape.length > 0) return undefined;
  const { classes, labels = ['negative', 'positive'] } = options as { classes?: unknown; labels?: readonly string[] };
  if (type === 'regression') return numbers();
  if (type === 'classification') return classAnswers(namesOf(classes), 'answer');
  if (type === 'binary') return classAnswers(labels, 'positive');
  return undefined;
}

const namesOf = (classes: unknown): readonly string[] =>
  Array.isArray(classes) ? classes.map(String) : Array.from({ length: Number(classes) }, (_, index) => String(index));

function numbers(): Collector {
  const pairs: [number, number][] = [];
  return {
    add(label, answer) {
      if (Number.isFinite(label) && Number.isFinite(answer)) pairs.push([label, answer as number]);
    },
    answers: () => ({ kind: 'numbers', pairs }),
  };
}

function classAnswers(classes: readonly string[], of: 'answer' | 'positive'): Collector {
  const counts = classes.map(() => classes.map(() => 0));
  const sums = Array.from({ length: binCount }, () => ({ rows: 0, said: 0, found: 0 }));
  return {
    add(label, answer) {
      const row = Number.isInteger(label) ? counts[label] : undefined;
      if (row === undefined) return;
      const { label: said, probability } = answer as { label: string; probability: number };
      const index = classes.indexOf(said);
      row[index] = (row[index] ?? 0) + 1;
      const bin = sums[Math.min(binCount - 1, Math.max(0, Math.floor(probability * binCount)))];
      if (bin === undefined) return;
      bin.rows += 1;
      bin.said += probability;
      bin.found += Number(of === 'answer' ? label === index : label === 1);
    },
    answers: () => ({
      kind: 'classes',
      classes,
      counts,
      bins: sums
        .filter(({ rows }) => rows > 0)
        .map(({ rows, said, found }) => ({ rows, said: said / rows, found: found / rows })),
      of,
    }),
  };
}

/** Mean distance between what was said and what was found, over rows: 0 is a model that knows how sure it may be. */
export function calibrationError(bins: readonly ConfidenceBin[]): number {
  const rows = bins.reduce((sum, bin) => sum + bin.rows, 0);
  return bins.reduce((sum, bin) => sum + (bin.rows / rows) * Math.abs(bin.said - bin.found), 0);
}

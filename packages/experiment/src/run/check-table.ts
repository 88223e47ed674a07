import { isDeepStrictEqual } from 'node:util';
import {
  dateNumbers,
  inputsOfTable,
  type LabelOptions,
  labelColumns,
  type TableEncoding,
  type VectorLabel,
} from '@polytask/data';
import type { TableReading } from '@polytask/data/node';
import * as z from 'zod';
import { expectedWords, explainIssues } from '../config/explain-issues.js';
import { InputError } from '../errors/mistakes.js';
import type { SavedModel } from './load-model.js';

const number = z.number();
const divisor = z.number().refine((value) => value > 0, { error: 'a number above 0' });
const column = z.string();
const texts = z.array(z.string());
const missing = z.enum(['mean', 'indicator', 'error', 'constant']);
const complete = z.boolean().exactOptional();
const named = { column, missing, complete };

const knots = z
  .array(number)
  .min(2)
  .refine((ends) => ends.every((end, index) => index === 0 || end > (ends[index - 1] as number)), {
    error: 'rising numbers',
  })
  .exactOptional();

const feature = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('number'), ...named, fill: number, center: number, scale: divisor, knots }),
  z.strictObject({ type: z.literal('boolean'), ...named, fill: number, center: number, scale: divisor }),
  z
    .strictObject({
      ...{ type: z.literal('category'), ...named, fill: z.string() },
      ...{ encoding: z.enum(['one-hot', 'embedding']), values: texts, shares: z.array(number).exactOptional() },
    })
    .refine(({ values, shares = [] }) => shares.length <= values.length, { error: 'at most a share per value' }),
  z.strictObject({
    ...{ type: z.literal('date'), ...named, fill: number, center: number, scale: divisor },
    parts: z.array(z.enum(['trend', 'year', 'week', 'day'])),
    numbers: z.enum(dateNumbers).exactOptional(),
  }),
  z.strictObject({
    ...{ type: z.literal('text'), column, missing, fill: z.string(), words: texts },
    split: z.literal('scripts').exactOptional(),
  }),
]);

const label = z.discriminatedUnion('kind', [
  z.strictObject({
    ...{ kind: z.literal('number'), column, rows: number, mean: number, deviation: number },
    offset: number.exactOptional(),
  }),
  z
    .strictObject({
      kind: z.literal('class'),
      column,
      rows: number,
      classes: texts,
      counts: z.array(number),
      unsaid: complete,
      joined: z.string().exactOptional(),
    })
    .refine(({ classes, counts }) => classes.length === counts.length, { error: 'a count per class' })
    .refine(({ classes, joined }) => joined === undefined || classes.includes(joined), { error: 'one of its classes' }),
  z.strictObject({
    ...{ kind: z.literal('set'), column, rows: number, separator: z.string() },
    ...{ classes: texts, counts: z.array(number) },
  }),
]);

const tableSchema = z.strictObject({
  format: z.literal(1),
  features: z.array(feature),
  labels: z.array(label),
  inputs: z
    .strictObject({ numbers: z.string().exactOptional(), categories: z.string().exactOptional() })
    .exactOptional(),
});

const readingSchema = z.strictObject({
  csv: z
    .strictObject({
      ...{ delimiter: z.string().min(1).max(4), quote: z.string().max(1), escape: z.string().max(1) },
      ...{ header: z.boolean(), skip: z.int().min(0).max(1_000_000) },
    })
    .exactOptional(),
  columns: z.array(
    z.strictObject({
      name: z.string(),
      // It becomes SQL.
      type: z.string().regex(/^[A-Z][A-Z ]*(\(\d+, ?\d+\))?(\[\])?$/),
      format: z.string().exactOptional(),
    }),
  ),
});

/**
 * How later files are to be read; the file may come from anywhere, so it is checked first. Undefined in models of older versions.
 *
 * @throws InputError where it is no such description.
 */
export function readingOf({ reading }: SavedModel, folder: string): TableReading | undefined {
  if (reading === undefined) return undefined;
  const checked = readingSchema.safeParse(reading, { error: expectedWords });
  if (checked.success) return checked.data as TableReading;
  throw new InputError(
    explainIssues(checked.error.issues, reading).map(({ message }) => ({
      where: folder,
      message: `in what the model says of its files ${message}`,
    })),
  );
}

/**
 * How a model's raw rows are encoded; the file may come from anywhere, so it is checked first.
 *
 * @param what - What asks for it, such as `predict`.
 * @throws InputError where the model did not learn from a table, or what it says of it does not fit the model.
 */
export function requireTable({ table, config, inputs }: SavedModel, folder: string, what: string): TableEncoding {
  const { use } = config.data as { use?: unknown };
  if (table === undefined || (use !== 'table' && use !== 'task-tables')) {
    const shapes = Object.entries(inputs).map(([name, { shape, dtype }]) => `${name} ${dtype} [${shape.join(', ')}]`);
    const message =
      `\`${what}\` needs a model that learned from a table (\`data: { use: table }\`), since it encodes rows of columns; this one learned ` +
      `from \`${String(use)}\` and takes ${shapes.join(', ')}: predict with \`trainer.predict\`, or \`polytask export\` it`;
    throw new InputError([{ where: folder, message }]);
  }
  const checked = tableSchema.safeParse(table, { error: expectedWords });
  if (!checked.success) {
    throw new InputError(
      explainIssues(checked.error.issues, table).map(({ message }) => ({
        where: folder,
        message: `in the model's table ${message}`,
      })),
    );
  }
  const encoding = checked.data as TableEncoding;
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(inputsOfTable(encoding))), JSON.parse(JSON.stringify(inputs)))) {
    return encoding;
  }
  const message = "the model's table makes other inputs than the model takes; the file is damaged or has been changed";
  throw new InputError([{ where: folder, message }]);
}

/**
 * Sees that a model's table knows the labels that its tasks are measured by.
 *
 * @throws InputError where a label is missing or of another kind.
 */
export function requireLabels(
  encoding: TableEncoding,
  labels: readonly (LabelOptions | VectorLabel)[],
  folder: string,
): void {
  const mistakes = labelColumns(labels).flatMap(({ column, kind }) => {
    const learned = encoding.labels.find((one) => one.column === column);
    const expected = kind === 'binary' ? 'class' : kind;
    if (learned?.kind === expected) return [];
    const found = learned === undefined ? 'no label' : `a label of kind \`${learned.kind}\``;
    const message = `the model's table must have a label \`${column}\` of kind \`${expected}\`, but has ${found}; the file is damaged or has been changed`;
    return [{ where: folder, message }];
  });
  if (mistakes.length > 0) throw new InputError(mistakes);
}

import { kindOf } from '../../encoding/feature-kinds.js';
import type { LearnedFeature } from '../../encoding/features.js';
import type { LabelOptions } from '../../encoding/labels.js';
import { isDate, readDate } from '../../encoding/raw-values.js';
import type { TableEncoding } from '../../encoding/table-encoding.js';
import type { SourceColumn } from '../reading/column-types.js';
import type { SourceInfo } from '../reading/convert-source.js';
import { type Database, quoteName, readParquet } from '../reading/duckdb.js';
import type { ChosenFeatures } from './choose-features.js';

/** What a column of a table was taken for. */
export interface ColumnReport {
  readonly column: string;
  readonly use: 'feature' | 'label' | 'left out';
  /** Such as `number` or `category`; of what is left out, what it holds. */
  readonly type: string;
  /** Why it is taken for that. */
  readonly why: string;
  /** How many numbers, or ids, a feature becomes. */
  readonly width?: number;
  /** Rows without a value. */
  readonly missing: number;
  /** The smallest and the largest number, or the first and the last date. */
  readonly range?: readonly [number | string, number | string];
  /** Some values: the most frequent ones of categories and classes. */
  readonly values?: readonly string[];
  /** How many different values, where they are names. */
  readonly different?: number;
}

/** All columns of a table, and what is remarkable about them. */
export interface DescribedColumns {
  readonly columns: readonly ColumnReport[];
  readonly notes: readonly string[];
}

/** Up to this many columns have expressions each in one query, which is fastest; planning takes time by the square of their number. */
const fewColumns = 100;
/** Of more, this many of one type are one column of names and values. */
const together = 1000;
/** Values that are shown. */
const mostShown = 5;

/**
 * Describes every column of a table, and notes what may be a mistake: ids, numbers with words among them, columns with one value, columns
 * that equal a label, and which answer is the positive one where only the alphabet says it.
 */
export async function describeColumns(
  database: Database,
  rowsFile: string,
  { columns, rows, unreadable, renamed }: Pick<SourceInfo, 'columns' | 'rows' | 'unreadable' | 'renamed'>,
  chosen: ChosenFeatures,
  labels: readonly LabelOptions[],
  encoding: TableEncoding,
): Promise<DescribedColumns> {
  const facts = await factsOf(database, rowsFile, columns, labels);
  const notes: string[] = [];
  const features = new Map(encoding.features.map((feature) => [feature.column, feature]));
  const classes = new Map(encoding.labels.map((label) => [label.column, label]));
  const reasons = new Map(chosen.leftOut.map(({ column, reason }) => [column, reason]));
  const reports: ColumnReport[] = [];
  for (const column of columns) {
    const { name, type } = column;
    const found = facts.get(name) as ColumnFacts;
    const common = {
      column: name,
      missing: rows - found.count,
      ...(found.range === undefined ? {} : { range: found.range }),
    };
    const feature = features.get(name);
    const label = classes.get(name);
    if (feature !== undefined) {
      const { numbers, categories } = kindOf(feature.type).size(feature);
      const names = feature.type === 'category' ? feature.values : feature.type === 'text' ? feature.words : undefined;
      const inferred = chosen.inferred.includes(name);
      reports.push({
        ...common,
        use: 'feature',
        ...(common.range === undefined ? {} : { range: rangeOf(feature, common.range) }),
        type: typeOf(feature),
        why: inferred ? `${type === 'text' ? 'few different texts' : `${type} values`}` : 'as the run file says',
        width: numbers + categories.length,
        ...(names === undefined ? {} : { values: names.slice(0, mostShown), different: names.length }),
      });
      // Days may well be all different.
      const noted = feature.type === 'date' && found.different !== 1 ? { ...found, different: undefined } : found;
      notes.push(...(await notesOn(database, rowsFile, column, noted, rows, inferred)));
      if (found.equals !== undefined)
        notes.push(
          `\`${name}\` equals the label \`${found.equals}\` in every row that has one: a model would only copy it. Leave it out by \`exclude\`, unless it is known beforehand.`,
        );
    } else if (label !== undefined) {
      const names = label.kind === 'number' ? undefined : label.classes;
      reports.push({
        ...common,
        use: 'label',
        type: { class: 'classes', set: 'several labels', number: 'number' }[label.kind],
        why: 'a task learns it',
        ...(names === undefined ? {} : { values: names.slice(0, mostShown), different: names.length }),
      });
    } else {
      const why = reasons.get(name) ?? 'not asked for';
      reports.push({ ...common, use: 'left out', type, why });
      notes.push(
        ...(reasons.has(name)
          ? await notesOn(database, rowsFile, column, { ...found, different: undefined }, rows, true)
          : []),
      );
    }
  }
  for (const { name, type } of unreadable) {
    reports.push({ column: name, use: 'left out', type, why: `a feature cannot be of type ${type}`, missing: 0 });
  }
  for (const { column, from } of renamed) {
    notes.push(
      from === ''
        ? `A column without a name is called \`${column}\`.`
        : `Another column is called \`${from}\` too; the second one is \`${column}\` here.`,
    );
  }
  notes.push(...positiveClasses(labels, encoding), ...joinedClasses(labels, encoding));
  return { columns: reports, notes };
}

function typeOf(feature: LearnedFeature): string {
  if (feature.type === 'category') return `category, ${feature.encoding}`;
  return feature.type === 'date' && feature.numbers !== undefined ? `date, numbers: ${feature.numbers}` : feature.type;
}

/** From when to when, where a column's numbers are dates. */
function rangeOf(feature: LearnedFeature, range: Range): Range {
  if (feature.type !== 'date') return range;
  const { numbers } = feature;
  const [first, last] = range.map((value) => {
    const time = typeof value === 'number' ? readDate(value, numbers) : Number.NaN;
    return isDate(time) ? new Date(time).toISOString().replace(/(T00:00:00)?\.000Z$/, '') : value;
  });
  return [first, last] as Range;
}

type Range = NonNullable<ColumnReport['range']>;

/** Which of two words is the positive one, where the alphabet alone decided. */
function positiveClasses(labels: readonly LabelOptions[], encoding: TableEncoding): string[] {
  return labels.flatMap(({ column, kind, classes }) => {
    const label = encoding.labels.find((one) => one.column === column);
    if (kind !== 'binary' || classes !== undefined || label?.kind !== 'class' || label.unsaid !== true) return [];
    const [negative, positive] = label.classes;
    const share = ((100 * (label.counts[1] ?? 0)) / label.rows).toFixed(1);
    return [
      `\`${column}\`: positive is \`${positive}\` (${share} % of training rows), the last by the alphabet; ` +
        `\`labels: [${positive}, ${negative}]\` would make it \`${negative}\`.`,
    ];
  });
}

/** Classes that were too rare to be told apart, and labels that were. */
function joinedClasses(labels: readonly LabelOptions[], encoding: TableEncoding): string[] {
  return labels.flatMap(({ column, minCount = 1 }) => {
    const label = encoding.labels.find((one) => one.column === column);
    if (label?.kind === 'class' && label.joined !== undefined) {
      const count = label.counts.at(-1);
      return [
        `\`${column}\`: classes of fewer than ${minCount} training rows are one, \`${label.joined}\`, which ${count} training rows have.`,
      ];
    }
    if (label?.kind !== 'set' || minCount === 1) return [];
    return [`\`${column}\`: labels of fewer than ${minCount} training rows are left out.`];
  });
}

interface ColumnFacts {
  readonly count: number;
  readonly range?: readonly [number | string, number | string];
  /** About how many different values. */
  readonly different: number | undefined;
  /** Of texts: how many are numbers. */
  readonly numbers: number;
  /** A label that it equals wherever there is one. */
  readonly equals: string | undefined;
}

async function factsOf(
  database: Database,
  rowsFile: string,
  columns: readonly SourceColumn[],
  labels: readonly LabelOptions[],
): Promise<ReadonlyMap<string, ColumnFacts>> {
  const table = readParquet(rowsFile);
  const answers = labels.map(({ column }) => quoteName(column));
  const found = new Map<string, ColumnFacts>();
  const add = (column: SourceColumn, row: Row, suffix: string, counts: Row) => {
    found.set(column.name, factsIn(column, row, suffix, counts, labels));
  };
  const counted = answers.map((label, l) => `count(${label})::DOUBLE AS l${l}`);
  if (columns.length <= fewColumns) {
    const asked = columns.flatMap(({ name, type }, c) => factSql(quoteName(name), type, answers, String(c)));
    const [row = {}] = await database.rows(`SELECT ${[...asked, ...counted].join(', ')} FROM ${table}`);
    columns.forEach((column, c) => {
      add(column, row, String(c), row);
    });
    return found;
  }
  const [counts = {}] = counted.length === 0 ? [] : await database.rows(`SELECT ${counted.join(', ')} FROM ${table}`);
  const texts = answers.map((label, l) => `CAST(${label} AS VARCHAR) AS label${l}`);
  for (const type of new Set(columns.map((column) => column.type))) {
    const alike = columns.filter((column) => column.type === type);
    for (let from = 0; from < alike.length; from += together) {
      const some = alike.slice(from, from + together);
      const values = `unnest([${some.map(({ name }) => quoteName(name)).join(', ')}]) AS v`;
      const inner = [values, `unnest(range(${some.length})) AS i`, ...texts].join(', ');
      const facts = factSql(
        'v',
        type,
        answers.map((_, l) => `label${l}`),
        '',
      );
      const rows = await database.rows(
        `SELECT ${facts.join(', ')} FROM (SELECT ${inner} FROM ${table}) GROUP BY i ORDER BY i`,
      );
      some.forEach((column, c) => {
        add(column, rows[c] ?? {}, '', counts);
      });
    }
  }
  return found;
}

type Row = Record<string, unknown>;

/** What is asked of a column. */
function factSql(value: string, type: SourceColumn['type'], answers: readonly string[], suffix: string): string[] {
  const text = (one: string) => `CAST(${one} AS VARCHAR)`;
  return [
    `count(${value})::DOUBLE AS n${suffix}`,
    ...(type === 'number' || type === 'integer'
      ? [`min(${value})::DOUBLE AS a${suffix}`, `max(${value})::DOUBLE AS z${suffix}`]
      : []),
    ...(type === 'date' ? [`min(${value})::VARCHAR AS a${suffix}`, `max(${value})::VARCHAR AS z${suffix}`] : []),
    ...(type === 'text' ? [`count(TRY_CAST(${value} AS DOUBLE))::DOUBLE AS x${suffix}`] : []),
    `approx_count_distinct(${value})::DOUBLE AS d${suffix}`,
    ...answers.map(
      (label, l) => `count(CASE WHEN ${text(value)} = ${text(label)} THEN 1 END)::DOUBLE AS e${suffix}_${l}`,
    ),
  ];
}

/** @param counts - How many values each label has. */
function factsIn(
  { name }: SourceColumn,
  row: Row,
  suffix: string,
  counts: Row,
  labels: readonly LabelOptions[],
): ColumnFacts {
  const [low, high] = [row[`a${suffix}`], row[`z${suffix}`]] as [
    number | string | null | undefined,
    number | string | null | undefined,
  ];
  const equal = labels.find(
    ({ column }, l) => column !== name && row[`e${suffix}_${l}`] === counts[`l${l}`] && (counts[`l${l}`] as number) > 0,
  );
  return {
    count: row[`n${suffix}`] as number,
    ...(low === undefined || low === null || high === undefined || high === null ? {} : { range: [low, high] }),
    different: row[`d${suffix}`] as number,
    numbers: (row[`x${suffix}`] as number | undefined) ?? 0,
    equals: equal?.column,
  };
}

/** What is remarkable about a column that is learned from. */
async function notesOn(
  database: Database,
  rowsFile: string,
  { name, type }: SourceColumn,
  { count, different, numbers }: ColumnFacts,
  rows: number,
  inferred: boolean,
): Promise<string[]> {
  const column = quoteName(name);
  const table = readParquet(rowsFile);
  if (different === 1 && count === rows)
    return [`\`${name}\` has the same value in all rows: there is nothing to learn from it.`];
  if (type === 'integer' && different !== undefined && different > 0.7 * count && count > 20) {
    const [{ n } = {}] = await database.rows(`SELECT count(DISTINCT ${column})::DOUBLE AS n FROM ${table}`);
    if (n === count)
      return [`\`${name}\`: all ${count} whole numbers are different. If it is an id, leave it out by \`exclude\`.`];
  }
  if (type !== 'text' || !inferred || numbers * 2 < count || numbers === count) return [];
  const others = await database.rows(
    `SELECT ${column} AS word FROM ${table} WHERE ${column} IS NOT NULL AND TRY_CAST(${column} AS DOUBLE) IS NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 4`,
  );
  const words = others.map(({ word }) => JSON.stringify(word));
  const which = words.length > 3 ? `such as ${words.slice(0, 3).join(', ')}` : words.join(', ');
  const advice =
    words.length > 3
      ? 'correct them, or say `type: number` and `maxBadRows`'
      : `if they stand for no value, say \`csv: { missing: ["", ${words.join(', ')}] }\` and it is a number`;
  return [`\`${name}\`: ${numbers} rows are numbers, ${count - numbers} are ${which}; ${advice}.`];
}

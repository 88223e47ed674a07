import type { TableRecord } from '@polytask/data/node';

/** Columns that are shown; all are in run.json. */
const mostShown = 40;

/** What a table was taken for, a line per column, and notes on what may be a mistake. */
export function describeTable({ columns = [], notes = [], leftOut }: TableRecord): string[] {
  const shown = columns.filter(({ use }) => use !== 'left out').slice(0, mostShown);
  const more = columns.filter(({ use }) => use !== 'left out').length - shown.length;
  return [
    ...shown.map((column) => `  ${describeColumn(column)}`),
    ...(more > 0 ? [`  and ${more} more columns, which run.json lists`] : []),
    ...leftOut.map(({ column, reason }) => `Left out: \`${column}\`, ${reason}`),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

function describeColumn({
  column,
  use,
  type,
  why,
  width,
  missing,
  range,
  values = [],
  different,
}: TableRecord['columns'][number]): string {
  const label = use === 'label' ? 'label, ' : '';
  const wide = width === undefined ? '' : ` → ${width} ${width === 1 ? 'number' : 'numbers'}`;
  const between = range === undefined ? '' : `, ${range[0]} to ${range[1]}`;
  const some = `${values.join(', ')}${different !== undefined && different > values.length ? ', …' : ''}`;
  const names = different === undefined ? '' : `, ${different} different: ${some}`;
  const lacking = missing === 0 ? '' : `, ${missing} missing`;
  return `${column}: ${label}${type} (${why})${wide}${between}${names}${lacking}`;
}

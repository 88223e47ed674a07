import { axis, colour, type Picture, short, shortNumber, widthOf } from './picture.js';

/** What {@link heatMap} shows. */
export interface HeatMap {
  readonly title: string;
  readonly description: string;
  /** How to read it, under the title. */
  readonly caption?: string;
  /** From top to bottom. */
  readonly rows: readonly string[];
  /** From left to right. */
  readonly columns: readonly string[];
  /** Row by row; null where there is nothing to show. */
  readonly values: readonly (readonly (number | null)[])[];
  /** What rows and columns are. */
  readonly rowTitle?: string;
  readonly columnTitle?: string;
  /** Whether values below 0 are the opposite of those above. Default: whether there are any. */
  readonly diverging?: boolean;
  /** The value of the full colour. Default: the largest, by absolute value. */
  readonly full?: number;
  /** A value as the cell shows it. Default: three digits. */
  readonly format?: (value: number) => string;
}

/**
 * A table of cells, the more colour the larger the value.
 *
 * @example
 * ```ts
 * import { drawPicture, heatMap } from '@polytask/experiment';
 *
 * const names = ['depth', 'labels'];
 * const values = [[null, 0.4], [-0.1, null]];
 * const picture = heatMap({ title: 'Affinity', description: 'Rows help columns', rows: names, columns: names, values });
 * console.log((await drawPicture(picture)).slice(0, 4)); // => <svg
 * ```
 */
export function heatMap(map: HeatMap): Picture {
  const { title, description, rows, columns, values, format = shortNumber } = map;
  const known = values.flat().filter((value) => value !== null && Number.isFinite(value)) as number[];
  const full = map.full ?? Math.max(...known.map(Math.abs), Number.MIN_VALUE);
  const diverging = map.diverging ?? known.some((value) => value < 0);
  const cell = Math.max(18, Math.min(64, Math.floor(620 / Math.max(columns.length, 1))));
  const cellHeight = Math.min(cell, 40);
  // Numbers that do not fit are left to the tables.
  const fits = known.every((value) => widthOf(format(value), 10) < cell - 3);
  const left = 34 + Math.min(160, Math.max(...rows.map((name) => widthOf(short(name))), 0));
  const turned = columns.some((name) => widthOf(short(name)) > cell - 4);
  const top =
    (map.columnTitle === undefined ? 6 : 34) +
    (turned ? Math.min(110, Math.max(...columns.map((name) => widthOf(short(name, 16)))) * 0.72 + 10) : 14);
  const data = values.flatMap((row, y) =>
    row.flatMap((value, x) =>
      value === null || !Number.isFinite(value)
        ? []
        : [
            {
              value: [x, y, value],
              itemStyle: {
                color: colour(diverging ? (value < 0 ? 'worse' : 'better') : 'c0'),
                opacity: Math.min(1, Math.abs(value) / full) * (diverging ? 1 : 0.6),
              },
            },
          ],
    ),
  );
  const right = turned ? 50 : 20;
  return {
    title,
    description,
    ...(map.caption !== undefined && { caption: map.caption }),
    width: left + columns.length * cell + right,
    height: top + rows.length * cellHeight + 16,
    option: {
      grid: { left, right, top, bottom: 16 },
      xAxis: axis({
        type: 'category',
        data: columns,
        position: 'top',
        name: map.columnTitle ?? '',
        nameGap: top - 22,
        splitLine: { show: false },
        axisLabel: {
          interval: 0,
          rotate: turned ? 40 : 0,
          formatter: (name: string) => short(name, 16),
          color: colour('ink'),
        },
      }),
      yAxis: axis({
        type: 'category',
        data: rows,
        inverse: true,
        name: map.rowTitle ?? '',
        nameGap: left - 22,
        splitLine: { show: false },
        axisLabel: { interval: 0, formatter: (name: string) => short(name), color: colour('ink') },
      }),
      series: [
        {
          type: 'scatter',
          symbol: 'rect',
          symbolSize: [cell - 1, cellHeight - 1],
          data,
          label: {
            show: fits,
            color: colour('ink'),
            fontSize: 10,
            opacity: 1,
            formatter: ({ value }: { value: readonly number[] }) => format(value[2] as number),
          },
        },
      ],
    },
  };
}

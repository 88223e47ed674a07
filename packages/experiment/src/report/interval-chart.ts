import { axis, colour, type Picture, short, tick, widthOf } from './picture.js';

/** A row of an interval chart. */
export interface Interval {
  readonly name: string;
  readonly value: number;
  /** Where it lies; none where that is not known. */
  readonly low?: number;
  readonly high?: number;
  readonly tone?: 'better' | 'worse' | 'muted';
}

/** Values with their intervals, one under the other, beside a line at 0. */
export function intervalChart(chart: {
  readonly title: string;
  readonly description: string;
  readonly x: string;
  readonly rows: readonly Interval[];
  /** Of the axis, where the values do not decide: so that several pictures can be compared. */
  readonly range?: readonly [number, number];
  readonly width?: number;
}): Picture {
  const { title, description, x, rows, range, width = 620 } = chart;
  const left = roomForNames(rows.map(({ name }) => name));
  const last = rows.length - 1;
  const tone = (row: Interval) => colour(row.tone ?? 'muted');
  const whiskers = rows.flatMap((row, index) =>
    row.low === undefined || row.high === undefined
      ? []
      : [
          {
            type: 'line',
            data: [
              [row.low, last - index],
              [row.high, last - index],
            ],
            symbol: 'rect',
            symbolSize: [2, 12],
            itemStyle: { color: tone(row) },
            lineStyle: { color: tone(row), width: 3 },
          },
        ],
  );
  const points = {
    type: 'scatter',
    symbolSize: 11,
    data: rows.map((row, index) => ({ value: [row.value, last - index], itemStyle: { color: tone(row), opacity: 1 } })),
    markLine: {
      silent: true,
      symbol: 'none',
      label: { show: false },
      lineStyle: { color: colour('ink'), type: 'solid', width: 1 },
      data: [{ xAxis: 0 }],
    },
  };
  return {
    title,
    description,
    width,
    height: rows.length * 30 + 66,
    option: {
      grid: { left, right: 24, top: 12, bottom: 44 },
      ...rowAxes(rows.length, x, { ...(range && { min: range[0], max: range[1] }) }),
      series: [...whiskers, points, rowNames(rows.map(({ name }) => name))],
    },
  };
}

/** Axes of a picture with a row per thing: numbers along x, and rows 0 … n − 1, whose names are {@link rowNames}. */
export function rowAxes(rows: number, x: string, range: { readonly min?: number; readonly max?: number }): object {
  return {
    xAxis: axis({
      ...range,
      type: 'value',
      name: x,
      nameGap: 26,
      axisLabel: { formatter: tick, hideOverlap: true },
    }),
    yAxis: axis({
      type: 'value',
      min: -0.5,
      max: rows - 0.5,
      interval: 1,
      splitLine: { show: false },
      axisLabel: { show: false },
    }),
  };
}

/** How far from the left a plot begins, for the names of its rows. */
export function roomForNames(names: readonly string[]): number {
  return Math.min(200, 24 + Math.max(40, ...names.map((name) => widthOf(short(name)))));
}

/** Names of rows 0 … n − 1 from the top, left of the plot. */
export function rowNames(names: readonly string[]): object {
  return {
    type: 'custom',
    silent: true,
    clip: false,
    data: names.map((_, index) => [0, names.length - 1 - index]),
    renderItem: (
      params: { dataIndex: number; coordSys: { x: number } },
      api: { value(at: number): number; coord(at: readonly number[]): number[] },
    ) => ({
      type: 'text',
      style: {
        text: short(names[params.dataIndex] ?? ''),
        x: params.coordSys.x - 8,
        y: api.coord([0, api.value(1)])[1],
        textAlign: 'right',
        textVerticalAlign: 'middle',
        fill: colour('ink'),
        fontSize: 11,
        fontFamily: 'sans-serif',
      },
    }),
  };
}

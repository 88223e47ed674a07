import { axis, legendFor, nthColour, type Picture, tick } from './picture.js';

/** A line of a chart. */
export interface Line {
  readonly name: string;
  /** null where there is no value. */
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Its colour, by number. Default: the place of its name among the names. */
  readonly colour?: number;
  readonly dashed?: boolean;
  /** Thinner and paler, for what is beside the point. */
  readonly faint?: boolean;
  /** Sizes of points, where they are to be seen. */
  readonly sizes?: readonly number[];
}

/** What {@link lineChart} shows. */
export interface LineChart {
  readonly title: string;
  readonly description: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
  /** Of the axes, where the values do not decide. */
  readonly range?: { readonly x?: readonly [number, number]; readonly y?: readonly [number, number] };
  readonly width?: number;
  readonly height?: number;
}

/** Lines over a common axis; those of one name share their colour and their place in the legend. */
export function lineChart(chart: LineChart): Picture {
  const { title, description, x, y, lines, range = {}, width = 460, height = 300 } = chart;
  const names = [...new Set(lines.map(({ name }) => name))];
  const { legend, room } = legendFor(names, width);
  const series = lines.map((line) => {
    const { color, type } = nthColour(line.colour ?? names.indexOf(line.name));
    const [{ length }] = [line.points];
    return {
      type: 'line',
      name: line.name,
      data: line.points.map(([at, value]) => [at, value ?? '-']),
      // A line of one point would not be seen.
      showSymbol: line.sizes !== undefined || length === 1,
      symbol: 'circle',
      symbolSize:
        line.sizes === undefined
          ? 5
          : (_: unknown, { dataIndex }: { dataIndex: number }) => line.sizes?.[dataIndex] ?? 5,
      itemStyle: { color },
      lineStyle: {
        color,
        type: line.dashed ? 'dashed' : type,
        width: line.faint ? 1 : 2,
        opacity: line.faint ? 0.45 : 1,
      },
    };
  });
  const ends = (limits: readonly [number, number] | undefined) =>
    limits === undefined ? {} : { min: limits[0], max: limits[1] };
  const axisLabel = { formatter: tick, hideOverlap: true };
  return {
    title,
    description,
    width,
    height,
    option: {
      legend,
      grid: { left: 58, right: 16, top: room, bottom: 44 },
      xAxis: axis({
        type: 'value',
        name: x,
        nameGap: 26,
        ...(x === 'epoch' ? { min: 'dataMin', minInterval: 1 } : {}),
        axisLabel,
        splitLine: { show: false },
        ...ends(range.x),
      }),
      yAxis: axis({ type: 'value', name: y, nameGap: 44, scale: true, axisLabel, ...ends(range.y) }),
      series,
    },
  };
}

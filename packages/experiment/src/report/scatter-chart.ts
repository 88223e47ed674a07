import { axis, colour, type Picture, tick } from './picture.js';

/** Points beside the line on which both values are equal. */
export function scatterChart(chart: {
  readonly title: string;
  readonly description: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly width?: number;
  readonly height?: number;
}): Picture {
  const { title, description, x, y, points, width = 360, height = 340 } = chart;
  const all = points.flat();
  const [low, high] = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity)];
  const pad = (high - low || Math.abs(high) || 1) * 0.04;
  const range = points.length === 0 ? { min: 0, max: 1 } : { min: low - pad, max: high + pad };
  const axisLabel = { formatter: tick, hideOverlap: true, showMinLabel: false, showMaxLabel: false };
  return {
    title,
    description,
    width,
    height,
    option: {
      grid: { left: 58, right: 16, top: 12, bottom: 44 },
      xAxis: axis({ type: 'value', name: x, nameGap: 26, axisLabel, splitLine: { show: false }, ...range }),
      yAxis: axis({ type: 'value', name: y, nameGap: 44, axisLabel, splitLine: { show: false }, ...range }),
      series: [
        {
          type: 'line',
          showSymbol: false,
          data: [
            [range.min, range.min],
            [range.max, range.max],
          ],
          lineStyle: { color: colour('muted'), width: 1, type: 'dashed' },
        },
        {
          type: 'scatter',
          symbolSize: 5,
          data: points,
          itemStyle: { color: colour('c0'), opacity: 0.55 },
        },
      ],
    },
  };
}

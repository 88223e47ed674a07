/**
 * A chart as plain data: what it shows, and how. {@link drawPicture} makes SVG of it.
 *
 * Names of tasks and classes come from strangers: they are data here, never templates, and are escaped where they are written.
 */
export interface Picture {
  /** One line above it. */
  readonly title: string;
  /** What it shows, for who does not see it. */
  readonly description: string;
  /** How to read it, under the title. */
  readonly caption?: string;
  readonly width: number;
  readonly height: number;
  /** What ECharts is given besides the {@link base}. */
  readonly option: { readonly [key: string]: unknown };
}

/**
 * Colours by name, light and dark. A page defines them as CSS variables, so that one picture serves both; a file of its own gets the light
 * ones.
 */
export const palette = {
  ink: ['#1c2430', '#e6e9ee'],
  muted: ['#5b6675', '#9aa5b4'],
  grid: ['#dde2e9', '#333c48'],
  paper: ['#ffffff', '#14181e'],
  better: ['#5aa9a0', '#2f8177'],
  worse: ['#e0876a', '#b25a3e'],
  // Told apart with any kind of colour vision (after M. Okabe and K. Ito), darker or lighter for the paper.
  c0: ['#0072b2', '#56a8dc'],
  c1: ['#d55e00', '#f08a4b'],
  c2: ['#00805a', '#3dbb90'],
  c3: ['#b0548a', '#de8fbd'],
  c4: ['#9a7400', '#e3b341'],
  c5: ['#2f4b7c', '#9db4e0'],
  c6: ['#7a4a2b', '#c99a78'],
  c7: ['#4d4d4d', '#bdbdbd'],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

/** A colour of the palette, as pictures name it. */
export const colour = (name: keyof typeof palette): string => `var(--${name})`;

/** Colours that distinguish things; they come round again, dashed. */
export function nthColour(index: number): { readonly color: string; readonly type: 'solid' | 'dashed' | 'dotted' } {
  const types = ['solid', 'dashed', 'dotted'] as const;
  const color = colour(`c${index % 8}` as 'c0');
  return { color, type: types[Math.floor(index / 8) % 3] as 'solid' };
}

const axisText = { color: colour('muted'), fontSize: 11 };

/** What all pictures have in common. */
export const base = {
  animation: false,
  backgroundColor: 'transparent',
  textStyle: { fontFamily: 'sans-serif', color: colour('ink') },
} as const;

/** An axis in the colours of the page. */
export function axis(options: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  const { axisLabel, ...others } = options;
  return {
    nameLocation: 'middle',
    nameTextStyle: { ...axisText, fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: colour('grid') } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colour('grid') } },
    ...others,
    axisLabel: { ...axisText, ...(axisLabel as object | undefined) },
  };
}

/** About how wide a text is, in pixels: nothing measures it where there is no browser. */
export function widthOf(text: string, fontSize = 11): number {
  // Scripts with wide characters.
  const units = [...text].reduce((sum, character) => sum + (character > '\u2e80' ? 1 : 0.6), 0);
  return Math.ceil(units * fontSize);
}

/** A name that fits beside an axis; tables have the whole of it. */
export function short(text: string, most = 22): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** A number of a picture: three digits, no more. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const text =
    size >= 10_000 || (size > 0 && size < 0.001)
      ? value.toExponential(1)
      : size >= 100
        ? value.toFixed(0)
        : size >= 1
          ? String(Number(value.toPrecision(3)))
          : String(Number(value.toFixed(3)));
  return text.replace('-', '−').replace('e+', 'e');
}

/** By how much a loss rises, in percent; as a multiple where it is many times what it was. */
export function rise(value: number): string {
  return value < 9 ? `${shortNumber(100 * value)} %` : `× ${shortNumber(1 + value)}`;
}

/** A number beside an axis, with as many digits as keep neighbours apart. */
export function tick(value: number): string {
  const size = Math.abs(value);
  const text = size >= 1e5 || (size > 0 && size < 1e-3) ? value.toExponential() : String(Number(value.toPrecision(5)));
  return text.replaceAll('-', '−').replace('e+', 'e');
}

/** A legend above the plot, in columns, and how much room it takes. */
export function legendFor(names: readonly string[], width: number): { readonly legend: object; readonly room: number } {
  if (names.length < 2) return { legend: { show: false }, room: 12 };
  // Fonts differ more than what measures text without a browser knows.
  const column = Math.max(...names.map((name) => widthOf(short(name), 13)));
  const perRow = Math.max(1, Math.floor((width - 10) / (column * 1.2 + 36)));
  const legend = {
    top: 0,
    left: 'center',
    itemWidth: 20,
    itemHeight: 8,
    itemGap: 10 + Math.ceil(column * 0.2),
    borderColor: 'transparent',
    textStyle: { color: colour('ink'), fontSize: 12 },
    data: names.map((name) => ({ name })),
    formatter: (name: string) => short(name),
  };
  return { legend, room: Math.ceil(names.length / perRow) * 24 + 12 };
}

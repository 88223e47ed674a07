import { base, type Picture, palette } from './picture.js';

/**
 * Draws a picture as SVG for a page that defines the colours of {@link palette} as CSS variables; without a browser, and to the same text
 * every time.
 *
 * @param id - Begins the names inside, which have to differ between the pictures of a page: letters, digits and `-`.
 */
export async function drawPicture(picture: Picture, id = 'picture'): Promise<string> {
  // As one file, which loads several times as fast as its parts do. Only who draws loads it.
  // @ts-expect-error It has no types of its own.
  const echarts = (await import('echarts/dist/echarts.esm.min.mjs')) as typeof import('echarts');
  const { title, description, width, height, option } = picture;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ ...base, ...option });
    return accessible(tidy(chart.renderToSVGString(), id), `${title}. ${description}`, { width, height });
  } finally {
    // It keeps the process alive otherwise.
    chart.dispose();
  }
}

/** Without what only a mouse would need, and with names of its own. */
function tidy(svg: string, id: string): string {
  return (
    svg
      .replaceAll(/<style[\s\S]*?<\/style>/g, '')
      .replaceAll(/ (?:class="zr[^"]*"|ecmeta_[a-z_]+="[^"]*"|pointer-events="visible")/g, '')
      .replaceAll(/\bzr\d+-/g, `${id}-`)
      // Lines of a legend enclose nothing.
      .replaceAll('fill="#000" stroke', 'fill="none" stroke')
      .replaceAll(/\n+/g, '\n')
      .replaceAll(unwritable, '')
  );
}

/** Characters that XML does not have, and those that turn the direction of what comes after them. */
const unwritable = /[^\P{Cc}\t\n]|\p{Cs}|[\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

function accessible(svg: string, description: string, size: Pick<Picture, 'width' | 'height'>): string {
  const inside = svg.slice(svg.indexOf('>') + 1);
  const { width, height } = size;
  const head = `xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return `<svg ${head} role="img" aria-label="${escapeText(description)}">${inside}`;
}

/** A text as HTML and XML have it, between tags and in attributes. */
export function escapeText(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replaceAll(unwritable, '').replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}

/** A drawn picture with fixed colours and a background, as a file of its own. */
export function standaloneSvg(svg: string, theme: 'light' | 'dark' = 'light'): string {
  const at = theme === 'light' ? 0 : 1;
  const start = svg.indexOf('>') + 1;
  const paper = `<rect width="100%" height="100%" fill="var(--paper)"/>`;
  return `${svg.slice(0, start)}${paper}${svg.slice(start)}`.replaceAll(
    /var\(--([a-z]+\d?)\)/g,
    (same, name: string) => (Object.hasOwn(palette, name) ? palette[name as keyof typeof palette][at] : same),
  );
}

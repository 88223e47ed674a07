import { drawPicture, escapeText } from './draw-picture.js';
import { type Picture, palette } from './picture.js';

/** A table of a page; numbers stand at the right. */
export interface PageTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A part of a page. What is empty is left out. */
export interface Section {
  readonly title: string;
  /** Paragraphs under the title. */
  readonly notes?: readonly string[];
  readonly tables?: readonly PageTable[];
  readonly pictures?: readonly Picture[];
  /** Text as it is, such as a configuration. */
  readonly text?: string;
}

/** A page, and its pictures as they stand in it. */
export interface DrawnPage {
  readonly html: string;
  /** In order; `svg` has the colours as variables. */
  readonly pictures: readonly { readonly title: string; readonly svg: string }[];
}

/**
 * One HTML file with all that it needs: no script, nothing from a network, light or dark as the reader's machine is, and
 * light on paper. All texts are escaped.
 */
export async function drawPage(page: {
  readonly title: string;
  readonly subtitle: string;
  readonly sections: readonly Section[];
}): Promise<DrawnPage> {
  const sections = page.sections.map((section, index) => ({ ...section, id: `s${index + 1}` }));
  const pictures: { title: string; svg: string }[] = [];
  const bodies: string[] = [];
  for (const section of sections) {
    const figures: string[] = [];
    for (const picture of section.pictures ?? []) {
      const svg = await drawPicture(picture, `p${pictures.length + 1}`);
      pictures.push({ title: picture.title, svg });
      const caption = picture.caption === undefined ? '' : `<small>${text(picture.caption)}</small>`;
      figures.push(`<figure><figcaption>${text(picture.title)}${caption}</figcaption>${svg}</figure>`);
    }
    bodies.push(sectionHtml(section, figures));
  }
  const links = sections.map(({ id, title }) => `<a href="#${id}">${text(title)}</a>`).join(' ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(page.title)}</title>
<style>${style}</style>
</head>
<body>
<header><h1>${text(page.title)}</h1><p>${text(page.subtitle)}</p><nav>${links}</nav></header>
<main>
${bodies.join('\n')}
</main>
</body>
</html>
`;
  return { html, pictures };
}

function sectionHtml(section: Section & { readonly id: string }, figures: readonly string[]): string {
  const { id, title, notes = [], tables = [], text: plain } = section;
  return [
    `<section id="${id}"><h2>${text(title)}</h2>`,
    ...notes.map((note) => `<p>${text(note)}</p>`),
    ...tables.map(tableHtml),
    ...(figures.length === 0 ? [] : [`<div class="figures">${figures.join('\n')}</div>`]),
    ...(plain === undefined ? [] : [`<pre>${escapeText(plain)}</pre>`]),
    '</section>',
  ].join('\n');
}

function tableHtml({ head, rows }: PageTable): string {
  const isOfNumbers = head.map((_, column) =>
    rows.every((row) => ['', '–'].includes(String(row[column])) || isNumber(row[column] ?? '')),
  );
  const aligned = (right: boolean | undefined) => (right === true ? ' class="number"' : '');
  const titles = head.map((cell, column) => `<th scope="col"${aligned(isOfNumbers[column])}>${text(cell)}</th>`);
  const cells = (row: readonly (string | number)[]) =>
    row.map((cell, column) => `<td${aligned(isOfNumbers[column] || isNumber(cell))}>${text(String(cell))}</td>`);
  const lines = rows.map((row) => `<tr>${cells(row).join('')}</tr>`).join('\n');
  return `<div class="table"><table><thead><tr>${titles.join('')}</tr></thead><tbody>\n${lines}\n</tbody></table></div>`;
}

/** A number, or a text that begins as one does. */
function isNumber(cell: string | number): cell is number {
  return typeof cell === 'number' || /^[−+±]?\d/.test(cell);
}

/** A text that does not turn the direction of others. */
function text(value: string): string {
  return `<bdi>${escapeText(value)}</bdi>`;
}

const variables = (theme: 0 | 1) =>
  Object.entries(palette)
    .map(([name, colours]) => `--${name}:${colours[theme]}`)
    .join(';');

const style = `
:root{color-scheme:light dark;${variables(0)}}
@media (prefers-color-scheme:dark){:root{${variables(1)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:1100px;margin:0 auto;padding:0 24px}
h1{font-size:26px;margin:28px 0 4px}
h2{font-size:19px;margin:36px 0 8px;border-bottom:1px solid var(--grid);padding-bottom:4px}
p{margin:6px 0;max-width:75ch;overflow-wrap:anywhere}
header p{color:var(--muted)}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;margin:8px 0}
a{color:var(--c0)}
.table{overflow-x:auto;margin:12px 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:4px 14px 4px 0;border-bottom:1px solid var(--grid);vertical-align:top}
td{max-width:48ch;overflow-wrap:break-word}
th.number{text-align:right}
th{color:var(--muted);font-weight:600}
td.number{text-align:right;white-space:nowrap}
.figures{display:flex;flex-wrap:wrap;gap:20px 28px;margin:14px 0}
figure{margin:0;max-width:100%;break-inside:avoid}
figcaption{font-weight:600;margin-bottom:6px;overflow-wrap:anywhere}
figcaption small{display:block;font-weight:400;color:var(--muted);font-size:13px}
svg{display:block;max-width:100%;height:auto}
pre{background:color-mix(in srgb,var(--grid) 35%,transparent);padding:12px;overflow-x:auto;font-size:13px;white-space:pre-wrap}
@media(max-width:700px){th:last-child,td:last-child{min-width:16ch}}
@media print{:root{color-scheme:light;${variables(0)}}nav{display:none}h2,p,figcaption{break-after:avoid}tr{break-inside:avoid}figure{zoom:.7}table{font-size:13px}}
`.replaceAll('\n', '');

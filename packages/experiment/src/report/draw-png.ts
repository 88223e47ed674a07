import { InputError } from '../errors/mistakes.js';
import { standaloneSvg } from './draw-picture.js';

/**
 * Makes PNG files of drawn pictures, light, with two pixels for one.
 *
 * @param where - What asks for them, for messages.
 * @throws InputError where the package that does it, or a font, is missing.
 */
export async function pngMaker(where: string): Promise<(svg: string) => Uint8Array> {
  const refuse = (message: string, cause?: unknown) => new InputError([{ where, message }], { cause });
  const { Resvg } = await import('@resvg/resvg-js').catch((error: unknown) => {
    const advice =
      'install it beside Polytask (`npm install @resvg/resvg-js`), or leave this out: the page has all pictures';
    throw refuse(`PNG files need the package @resvg/resvg-js, and it cannot be loaded; ${advice}`, error);
  });
  // Without a font all words would be left out, and nobody told.
  const probe = new Resvg(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9">A</text></svg>',
    font,
  );
  if (probe.getBBox() === undefined)
    throw refuse(
      'no font is installed on this machine, so pictures would have no words; install one, such as DejaVu Sans',
    );
  return (svg) => new Resvg(named(standaloneSvg(svg)), { ...font, fitTo: { mode: 'zoom', value: 2 } }).render().asPng();
}

const font = { font: { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans' } } as const;

/** It takes a face with serifs for `sans-serif`. */
function named(svg: string): string {
  return svg.replaceAll('font-family:sans-serif', 'font-family:DejaVu Sans,Liberation Sans,Arial,Helvetica,sans-serif');
}

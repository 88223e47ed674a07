import { pathToFileURL } from 'node:url';
import type { CodeFile } from './code-places.js';

/** Imports code that may be: the only place where something is imported whose name is not written in the source. */
export async function importCode(file: CodeFile): Promise<Readonly<Record<string, unknown>>> {
  // Errors in it name the lines that its author wrote.
  process.setSourceMapsEnabled(true);
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}

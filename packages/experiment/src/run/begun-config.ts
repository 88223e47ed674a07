import type { CodePlaces } from '../code/code-places.js';
import { checkConfig, type LoadedConfig } from '../config/load-config.js';
import type { ReadDocument } from './read-document.js';

/**
 * The configuration that a run began with, checked as if it were read again; with what the command line changes in it.
 *
 * @param code - From where its parts may be loaded: `file` of the document says where data are, and never where code is.
 */
export function begunConfig(
  { document, file, positions }: ReadDocument,
  code: CodePlaces,
  changes: Pick<Parameters<typeof checkConfig>[0], 'set' | 'overrides'> = {},
): LoadedConfig {
  return checkConfig({
    file,
    path: document.file,
    code,
    yaml: { positions, mistakes: [] },
    raw: structuredClone(document.given) as Record<string, unknown>,
    ...changes,
  });
}

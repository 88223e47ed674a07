import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders whose code runs parts, and is nobody's who wrote one. */
const ofOthers =
  /[\\/](@polytask|@tensorflow|onnxruntime-[a-z]+|tsx|vitest)[\\/]|[\\/]packages[\\/][a-z-]+[\\/](src|dist)[\\/]/;

/**
 * Where in its author's code an error came up, such as `parts.ts:12:7`: the innermost place that is not ours. Source maps, where the code has
 * them, have been applied, as Node does where code is loaded.
 */
export function authorLine({ stack = '' }: Pick<Error, 'stack'>, cwd: string): string | undefined {
  for (const line of stack.split('\n').slice(1)) {
    const [, place = '', row = '', column = ''] = /(?:\(|at (?:async )?)([^()]+):(\d+):(\d+)\)?$/.exec(line) ?? [];
    if (place === '' || place.startsWith('node:')) continue;
    const path = place.startsWith('file:') ? fileURLToPath(place) : place;
    if (ofOthers.test(path)) continue;
    const near = relative(cwd, path);
    return `${near.startsWith('..') ? path : near}:${row}:${column}`;
  }
  return undefined;
}

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where converted tables are kept: `POLYTASK_CACHE`, else `polytask` in the user's cache folder. */
export function defaultCache(): string {
  const { POLYTASK_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (POLYTASK_CACHE) return POLYTASK_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'polytask', 'cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'polytask');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'polytask');
}

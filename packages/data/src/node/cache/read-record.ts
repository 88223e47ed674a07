import { readRegularText } from '@polytask/core/node';

/** Bytes of what a folder of the cache says of itself: a text cannot be longer. */
const longest = 2 ** 29;

/** What a folder of the cache says of itself; we wrote it, but anybody may name a folder as a cache. */
export async function readRecord<Written>(path: string): Promise<Written> {
  return JSON.parse(await readRegularText(path, { most: longest })) as Written;
}

// Draws for one case from its name: the same whatever was drawn for others, so that a case can be made again alone.
import { createHash } from 'node:crypto';

/** @typedef {ReturnType<typeof drawsFor>} Random */

/** @param {string} name */
export function drawsFor(name) {
  let state = createHash('sha256').update(name).digest().readUInt32LE(0);
  // Mulberry32: a counter through a mixing function.
  const number = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} n below which; whole */
  const below = (n) => Math.floor(number() * n);
  return {
    number,
    below,
    /** @param {number} share */
    chance: (share) => number() < share,
    /**
     * @template T
     * @param {readonly T[]} list
     * @returns {T}
     */
    pick: (list) => /** @type {T} */ (list[below(list.length)]),
  };
}

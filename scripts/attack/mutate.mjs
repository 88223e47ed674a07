// Changes to what was right: to a tree of mappings, lists and values, or to bytes.
import { strangeNumber, strangeText, strangeValue } from './strange.mjs';

/** @typedef {import('./random.mjs').Random} Random */
/** @typedef {{ parent: any, key: string | number }} Place a value's, by what holds it */

/**
 * A copy of a tree with one to four changes.
 * @template T
 * @param {T} tree
 * @param {Random} random
 * @returns {T}
 */
export function mutateTree(tree, random) {
  const holder = { tree: structuredClone(tree) };
  for (let changes = 1 + (random.chance(0.4) ? random.below(4) : 0); changes > 0; changes--) {
    const places = placesIn(holder);
    // Nothing may be left of it.
    if (places.length > 0) change(random.pick(places), places, random);
  }
  return holder.tree;
}

/**
 * @param {any} parent
 * @returns {Place[]}
 */
function placesIn(parent) {
  return Object.keys(parent).flatMap((key) => {
    const value = parent[key];
    const inner = typeof value === 'object' && value !== null ? placesIn(value) : [];
    return [{ parent, key: Array.isArray(parent) ? Number(key) : key }, ...inner];
  });
}

/**
 * @param {Place} place
 * @param {Place[]} places
 * @param {Random} random
 */
function change({ parent, key }, places, random) {
  const value = parent[key];
  switch (random.below(10)) {
    case 0: // gone
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      break;
    case 1: // twice, the second time under another name
      if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(value));
      else parent[strangeText(random)] = structuredClone(value);
      break;
    case 2: {
      const other = random.pick(places);
      parent[key] = structuredClone(other.parent[other.key]);
      break;
    }
    case 3:
      parent[key] = strangeNumber(random);
      break;
    case 4:
      parent[key] = strangeText(random);
      break;
    case 5: // in another box
      parent[key] = random.pick([[value], { [String(key)]: value }, [value, value], String(value), { use: value }]);
      break;
    case 6: // something beside it
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        value[strangeText(random)] = strangeValue(random);
      } else parent[key] = strangeValue(random);
      break;
    case 7: // many of it
      if (Array.isArray(value) && value.length > 0) {
        const times = random.pick([2, 10, 100, 1000]);
        for (let n = 0; n < times; n++) value.push(structuredClone(value[0]));
      } else if (typeof value === 'object' && value !== null) {
        const times = random.pick([10, 300, 3000]);
        for (let n = 0; n < times; n++) value[`key-${n}`] = n;
      } else parent[key] = Array(random.pick([2, 100, 3000])).fill(value);
      break;
    case 8: // a number a little off, a text with something around it
      if (typeof value === 'number') parent[key] = random.pick([-value, value + 1, value * 1000, value + 0.5]);
      else if (typeof value === 'string')
        parent[key] = random.pick([`${value} `, `../${value}`, `${value}#x`, value.toUpperCase()]);
      else parent[key] = strangeValue(random);
      break;
    default:
      parent[key] = strangeValue(random);
  }
}

/**
 * A copy of bytes with one to four changes.
 * @param {Buffer} bytes
 * @param {Random} random
 */
export function mutateBytes(bytes, random) {
  /** @type {Buffer} */
  let changed = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0; changes--) changed = changeBytes(changed, random);
  return changed;
}

/**
 * @param {Buffer} bytes
 * @param {Random} random
 * @returns {Buffer}
 */
function changeBytes(bytes, random) {
  // Headers are where it matters.
  const at = random.chance(0.5) ? random.below(Math.min(bytes.length, 64) + 1) : random.below(bytes.length + 1);
  const length = random.pick([1, 4, 8, 64, 1000]);
  switch (random.below(7)) {
    case 0:
      if (at < bytes.length) bytes[at] = /** @type {number} */ (bytes[at]) ^ (1 << random.below(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2: // a piece of it elsewhere
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(random.below(bytes.length + 1)).subarray(0, length),
        bytes.subarray(at),
      ]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 4:
      bytes.fill(random.pick([0, 0xff, 0x20, 0x7f, 0x80]), at, Math.min(at + length, bytes.length));
      return bytes;
    case 5: {
      if (at + 8 > bytes.length) return bytes;
      if (random.chance(0.5)) bytes.writeUInt32LE(random.pick([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]), at);
      else bytes.writeBigUInt64LE(random.pick([0n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]), at);
      return bytes;
    }
    default:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(strangeText(random)), bytes.subarray(at)]);
  }
}

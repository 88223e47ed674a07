/** Brackets within brackets, at most. DuckDB crashes over some ten thousands; nobody's rows have as many as these. */
export const mostNested = 1000;

/** Follows the brackets of JSON text that comes in pieces. */
export interface JsonDepth {
  /** @returns Whether the text is nested too deeply by now; then nothing more has to be added. */
  add(bytes: Uint8Array): boolean;
  /** Whether a bracket or a string is still open. */
  isOpen(): boolean;
  /** Whether the first value is a list. */
  isList(): boolean;
}

const quote = 0x22;
const backslash = 0x5c;
const newLine = 0x0a;
const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/**
 * Counts brackets outside of strings.
 *
 * @param byLine - Whether every line begins anew.
 */
export function jsonDepth(byLine: boolean): JsonDepth {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let first: number | undefined;
  return {
    add(bytes) {
      const { length } = bytes;
      // No value spans two lines: what is wrong with one says nothing of the next.
      const ending = byLine ? newLine : -1;
      let [level, at] = [depth, 0];
      while (at < length) {
        if (inString) {
          if (escaped) {
            escaped = false;
            if (bytes[at] !== ending) at += 1;
          }
          let byte = 0;
          while (at < length) {
            byte = bytes[at++] as number;
            if (byte === quote || byte === backslash || byte === ending) break;
            byte = 0;
          }
          if (byte === backslash) escaped = true;
          else if (byte !== 0) inString = false;
          if (byte === ending) level = 0;
          continue;
        }
        const byte = bytes[at++] as number;
        // All that matter are these, and they are rare.
        if (byte === quote) inString = true;
        else if (byte === openList || byte === openObject) {
          first ??= byte;
          level += 1;
          if (level > mostNested) return true;
        } else if (byte === closeList || byte === closeObject) level = Math.max(0, level - 1);
        else if (byte === ending) level = 0;
      }
      depth = level;
      return false;
    },
    isOpen: () => depth > 0 || inString,
    isList: () => first === openList,
  };
}

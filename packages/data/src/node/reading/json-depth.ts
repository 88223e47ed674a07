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

const [quote, backslash, newLine, openList, closeList, openObject, closeObject] = [...'"\\\n[]{}'].map((character) =>
  character.charCodeAt(0),
);

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
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at] as number;
        if (byLine && byte === newLine) {
          depth = 0;
          inString = false;
          escaped = false;
        } else if (inString) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) inString = false;
        } else if (byte === quote) inString = true;
        else if (byte === openList || byte === openObject) {
          first ??= byte;
          depth += 1;
          if (depth > mostNested) return true;
        } else if (byte === closeList || byte === closeObject) depth -= 1;
      }
      return false;
    },
    isOpen: () => depth > 0 || inString,
    isList: () => first === openList,
  };
}

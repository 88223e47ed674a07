/** Characters in a run file, or in a value on the command line. */
const longest = 2 ** 18;

/** Lists and mappings within each other, in brackets; what is deeper than 64 is refused with its place later. */
const deepest = 256;

/** `? key`: never needed here, and the time that nested ones take grows without bounds. */
const explicitKeys = 50;

/** Why a text should not even be parsed as YAML: it would take too long, or too much memory. */
export function harmIn(text: string): string | undefined {
  if (text.length > longest) return `found ${text.length} characters, expected at most ${longest}`;
  let open = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > deepest) return `more than ${deepest} brackets are open at once; is one not closed?`;
  }
  const keys = text.match(/(?<![^\s[{,:?-])\?(?=\s|$)/gm) ?? [];
  if (keys.length > explicitKeys) return `found ${keys.length} keys that begin with \`? \`; write them without`;
  return undefined;
}

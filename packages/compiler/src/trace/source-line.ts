/** Directory of this package's code, or its file once bundled; unknown in a bundle that is not a module. */
const own = ((import.meta as { url?: string }).url ?? 'unknown').replace(/\/src\/.*$/, '/src/');

/**
 * The first line of the stack that is neither tfjs' nor the compiler's: where the user's code called what went wrong.
 * Empty where the stack does not say.
 */
function sourceLine(stack = longStack()): string {
  const ownPath = own.replace(/^file:\/\//, '');
  for (const line of stack.split('\n').slice(1)) {
    if (line.includes('node_modules') || line.includes('node:internal') || line.includes('<anonymous>')) continue;
    if (line.includes(own) || line.includes(ownPath)) continue;
    const place = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/.exec(line.trim());
    if (place?.[1] !== undefined) return place[1].replace(/^file:\/\//, '');
  }
  return '';
}

/** ` (at file:line:column)`, or nothing. */
export function atSourceLine(): string {
  const line = sourceLine();
  return line === '' ? '' : ` (at ${line})`;
}

/** The stack, long enough to reach through tfjs. */
function longStack(): string {
  const { stackTraceLimit } = Error as { stackTraceLimit?: number };
  Object.assign(Error, { stackTraceLimit: 100 });
  const { stack = '' } = new Error();
  Object.assign(Error, { stackTraceLimit });
  return stack;
}

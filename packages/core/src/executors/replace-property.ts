/** Puts `value` in place of a property for a while; gives what puts everything back as it was. */
export function replaceProperty(owner: object, key: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, key);
  Object.defineProperty(owner, key, {
    configurable: true,
    writable: true,
    enumerable: before?.enumerable ?? false,
    value,
  });
  return () => {
    if (before === undefined) delete (owner as Record<string, unknown>)[key];
    else Object.defineProperty(owner, key, before);
  };
}

/** Everything that a bound instance has, methods bound to it: it may be an object or of a class. */
export function instanceMembers(instance: object): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (let level = instance; level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name === 'constructor' || name in members) continue;
      const value = (instance as Record<string, unknown>)[name];
      if (value !== undefined) members[name] = typeof value === 'function' ? value.bind(instance) : value;
    }
  }
  return members;
}

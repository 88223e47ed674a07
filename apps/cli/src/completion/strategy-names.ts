import schema from '../../polytask.schema.json' with { type: 'json' };

/** Short names of all that a run file can name, from the JSON Schema: loading the parts themselves would take half a second. */
export function strategyNames(): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { properties } = value as { properties?: Record<string, { const?: unknown }> };
    for (const key of ['use', 'type']) {
      const name = properties?.[key]?.const;
      if (typeof name === 'string') found.add(name);
    }
    // How a column is read has a type, too, but is no part to choose.
    for (const [key, inner] of Object.entries(value)) if (key !== 'features') visit(inner);
  };
  visit(schema);
  return [...found];
}

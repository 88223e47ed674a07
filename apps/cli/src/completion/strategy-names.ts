import { readFileSync } from 'node:fs';

/**
 * Short names of all that a run file can name, from the JSON Schema that the build puts beside the program: loading the parts
 * themselves, as is done where there is none, takes half a second.
 */
export async function strategyNames(): Promise<string[]> {
  const schema = builtSchema() ?? (await import('@polytask/experiment')).jsonSchema();
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { properties } = value as { properties?: Record<string, { const?: unknown }> };
    for (const key of ['use', 'type']) {
      const name = properties?.[key]?.const;
      if (typeof name === 'string') found.add(name);
    }
    for (const inner of Object.values(value)) visit(inner);
  };
  visit(schema);
  return [...found];
}

function builtSchema(): unknown {
  try {
    return JSON.parse(readFileSync(new URL('./polytask.schema.json', import.meta.url), 'utf8'));
  } catch {
    return undefined;
  }
}

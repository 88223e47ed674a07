import { type MetricsLine, metricsLineSchema } from './document.js';

/** The lines of a `metrics.jsonl`, each with what it says; nothing where it was cut, or says something else. */
export function metricsOf(text: string): { readonly text: string; readonly line: MetricsLine | undefined }[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ text: line, line: parseLine(line) }));
}

function parseLine(text: string): MetricsLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return metricsLineSchema.safeParse(value).success ? (value as MetricsLine) : undefined;
  } catch {
    return undefined;
  }
}

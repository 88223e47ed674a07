import type { MetricsLine, RunDocument } from '../run/document.js';
import type { MeasuredPart } from './test-part.js';

/** A run to be shown. */
export interface ReportedRun {
  /** What it is called beside others; none twice. */
  readonly name: string;
  readonly document: RunDocument;
  readonly lines: readonly MetricsLine[];
  /** What its model answers for its test rows; or why that cannot be had. */
  readonly answers: MeasuredPart | { readonly reason: string };
}

/** Names of all tasks, in the order in which the runs have them. */
export function taskNames(runs: readonly ReportedRun[]): string[] {
  return [...new Set(runs.flatMap(({ document }) => document.tasks.map(({ name }) => name)))];
}

/** A measurement with four digits; its spread beside it, where it was repeated. */
export function measured(value: unknown, spread: number | null = null): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  const text = Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
  const plain = text.includes('e') ? Number(text).toExponential(1) : text;
  return `${plain}${spread === null ? '' : ` ± ${spread.toPrecision(2)}`}`.replaceAll('-', '−');
}

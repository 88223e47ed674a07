/** A measurement with four digits after the point, or fewer where it is large; one that would be nothing so, with its first digits. */
export function formatValue(value: unknown): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return '–';
  const size = Math.abs(value);
  if (size > 0 && size < 0.000_95) return value.toPrecision(2).replaceAll('-', '−');
  const text = size >= 1000 ? value.toFixed(0) : size >= 10 ? value.toFixed(2) : value.toFixed(4);
  return text.replace('-', '−');
}

/** A mean over seeds and their standard deviation, both with the digits of the mean: `0.7123 ± 0.0040`. */
export function formatSpread({ mean, spread }: { readonly mean: number; readonly spread: number | null }): string {
  const text = formatValue(mean);
  if (spread === null || text === '–') return text;
  const digits = /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
  return `${text} ± ${text.includes('e') ? formatValue(spread) : spread.toFixed(digits)}`;
}

/** A number on its way, with three digits after the point. */
export function formatLoss(value: unknown): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return '–';
  return Math.abs(value) >= 1000 ? value.toPrecision(4) : value.toFixed(3);
}

/** A change in percent, with its sign. */
export function formatChange(percent: number): string {
  const rounded = Math.abs(percent).toFixed(2);
  const sign = Number(rounded) === 0 ? '±' : percent > 0 ? '+' : '−';
  return `${sign}${rounded} %`;
}

/** A duration as people say it: `8.3 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** A duration still to come, which nobody knows to a tenth: `12 s`, `2 min`. */
export function formatRemaining(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** A size: `512 B`, `463 kB`, `12.3 MB`, `20.0 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} kB`;
  return bytes < 999_950_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Counts with a noun: `1 epoch`, `3 epochs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

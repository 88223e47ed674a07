import { stringify } from 'yaml';

/** A configuration as a run file, with lines of comment above it. */
export function toYaml(config: Readonly<Record<string, unknown>>, comments: readonly string[] = []): string {
  const lines = comments.flatMap((comment) => comment.split('\n')).map((line) => `# ${line}`);
  return `${[...lines, ''].join('\n')}${lines.length === 0 ? '' : '\n'}${stringify(config, { lineWidth: 120 })}`;
}

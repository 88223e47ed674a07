import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';
import { root } from '../../scripts/run.mjs';

/** A source file with its path from the repository root, always with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

/** The TypeScript files below a folder that is named from the repository root, in a stable order. */
export function sourcesIn(folder: string): SourceFile[] {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map(sourceFile);
}

/** The pages of the documentation: the repository's, the packages', the site's, but not what is generated. */
export function pages(): SourceFile[] {
  const generated = ['**/node_modules', 'apps/docs/api', '**/CHANGELOG.md'];
  const written = ['*.md', 'packages/*/*.md', 'apps/*/*.md', 'apps/docs/**/*.md', 'examples/**/*.md'];
  return ts.sys.readDirectory(root, ['.md'], generated, written).sort().map(sourceFile);
}

function sourceFile(file: string): SourceFile {
  return { path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') };
}

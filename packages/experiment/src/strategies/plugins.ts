import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { descriptionOf, isPart, type PartDescription, type PartKind, specVersions } from '@polytask/core';
import * as z from 'zod';
import { type CodePlaces, findCode } from '../code/code-places.js';
import { importCode } from '../code/import-code.js';
import { tableFor } from '../parts/tables.js';
import { readManifest } from '../read-manifest.js';
import { describeStrategy } from './own-strategies.js';
import type { Strategy } from './strategy.js';

/** Plugins that were found, and what is wrong with others. */
export interface Plugins {
  readonly strategies: readonly Strategy[];
  readonly problems: readonly string[];
  /** What is known of those that are described in code, by `<package>#<export>`. */
  readonly parts: ReadonlyMap<string, PartDescription>;
}

/** What a package may say of its parts under `polytask` in its package.json. */
const description = z.object({
  parts: z.record(
    z.string(),
    z.object({
      kind: z.string().optional(),
      summary: z.string().optional(),
      options: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const manifestSchema = z.looseObject({
  name: z.string(),
  version: z.string().default('0.0.0'),
  description: z.string().default(''),
  keywords: z.array(z.string()).catch([]).default([]),
  polytask: z.unknown().optional(),
});

type PluginManifest = z.output<typeof manifestSchema>;

/**
 * Parts in the packages that are installed where code may be loaded from and say that they are for Polytask: by a keyword `polytask` or
 * `polytask-…`, or by a field `polytask` in package.json. What the field does not describe is looked up in what the package exports.
 */
export async function findPlugins(code: CodePlaces): Promise<Plugins> {
  const found = code.folders.flatMap(manifestsFor).filter(isFirst).filter(isPlugin);
  const parts = new Map<string, PartDescription>();
  const results = await Promise.all(found.map((manifest) => describePlugin(manifest, code, parts)));
  return {
    strategies: results.flatMap((result) => (typeof result === 'string' ? [] : result)),
    problems: results.filter((result) => typeof result === 'string'),
    parts,
  };
}

/** The nearest of a name counts. */
function isFirst({ name }: PluginManifest, index: number, all: readonly PluginManifest[]): boolean {
  return all.findIndex((other) => other.name === name) === index;
}

function isPlugin({ name, keywords, polytask }: PluginManifest): boolean {
  if (name.startsWith('@polytask/')) return false;
  return polytask !== undefined || keywords.some((keyword) => /^polytask($|-)/.test(keyword));
}

async function describePlugin(
  manifest: PluginManifest,
  code: CodePlaces,
  parts: Map<string, PartDescription>,
): Promise<Strategy[] | string> {
  const from = `${manifest.name} ${manifest.version}`;
  if (manifest.polytask !== undefined) {
    const described = description.safeParse(manifest.polytask);
    if (!described.success) {
      return `${from}: \`polytask\` in its package.json is not { parts: { <export>: { kind, summary, options } } }`;
    }
    return Object.entries(described.data.parts).map(
      ([name, { kind = 'part', summary = manifest.description, options = {} }]) => ({
        name: `${manifest.name}#${name}`,
        ...placeOf(kind),
        summary,
        options: Object.entries(options).map(([option, text]) => ({
          name: option,
          type: '',
          required: false,
          description: text,
        })),
        from,
      }),
    );
  }
  const found = findCode(manifest.name, code);
  if ('reason' in found) return `${from}: it has no entry point`;
  try {
    const module = await importCode(found.file);
    return Object.entries(module).flatMap(([name, value]) => {
      const reference = `${manifest.name}#${name}`;
      const described = descriptionOf(value);
      if (described !== undefined) {
        parts.set(reference, described);
        return [{ ...describeStrategy(reference, described, tableFor(described.kind)), from }];
      }
      const kind = Object.keys(specVersions).find((candidate) => isPart(value, candidate as PartKind));
      if (name === 'default' || (kind === undefined && typeof value !== 'function')) return [];
      return [{ name: reference, ...placeOf(kind ?? 'part'), summary: manifest.description, options: [], from }];
    });
  } catch (error) {
    return `${from}: it cannot be loaded: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** What a kind is for people, and where it stands. */
function placeOf(kind: string): Pick<Strategy, 'role' | 'key'> {
  const { role, place } = tableFor(kind);
  return { role: role === 'part' ? kind : role, key: place };
}

/** Manifests of all packages that code in a folder could import, nearest first, each name once. */
function manifestsFor(folder: string): PluginManifest[] {
  const manifests = new Map<string, PluginManifest>();
  for (let place = resolve(folder); ; place = dirname(place)) {
    for (const home of packagesIn(join(place, 'node_modules'))) {
      const manifest = manifestOf(home);
      if (manifest !== undefined && !manifests.has(manifest.name)) manifests.set(manifest.name, manifest);
    }
    if (place === dirname(place)) return [...manifests.values()];
  }
}

function packagesIn(modules: string): string[] {
  const names = (folder: string) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
  return names(modules).flatMap((name) => {
    const home = join(modules, name);
    return name.startsWith('@') ? names(home).map((inner) => join(home, inner)) : [home];
  });
}

function manifestOf(home: string): PluginManifest | undefined {
  try {
    return manifestSchema.parse(readManifest(home));
  } catch {
    // No package, or none that could be imported.
    return undefined;
  }
}

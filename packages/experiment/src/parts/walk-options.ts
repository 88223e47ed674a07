import type { OptionTable, PartDescription, Takes } from '@polytask/core';
import { isMapping, type Path } from '../config/paths.js';

/** What a walk over written options meets. */
export interface Met {
  readonly takes: Takes;
  readonly value: unknown;
  readonly path: Path;
}

/**
 * Meets every value of written options together with what stands there by the description, the outer one first. Parts within
 * are walked by their own descriptions.
 *
 * @param partAt - The description of the part that a mapping names; undefined where it is not known.
 */
export function walkOptions(
  options: OptionTable,
  written: Readonly<Record<string, unknown>>,
  path: Path,
  partAt: (value: Record<string, unknown>) => PartDescription | undefined,
  meet: (met: Met) => void,
): void {
  const visit = (takes: Takes, value: unknown, at: Path): void => {
    if (value === undefined) return;
    meet({ takes, value, path: at });
    switch (takes.type) {
      case 'list':
        if (Array.isArray(value)) for (const [index, item] of value.entries()) visit(takes.of, item, [...at, index]);
        return;
      case 'tuple':
        for (const [index, of] of takes.of.entries()) visit(of, (value as unknown[])[index], [...at, index]);
        return;
      case 'record':
        if (!isMapping(value)) return;
        for (const [key, item] of Object.entries(value)) visit(takes.of, item, [...at, key]);
        return;
      case 'mapping':
        if (isMapping(value)) walkOptions(takes.options, value, at, partAt, meet);
        return;
      case 'lazy':
        visit(takes.of(), value, at);
        return;
      case 'either': {
        const meant = branchFor(takes.of, value);
        if (meant !== undefined) visit(meant, value, at);
        return;
      }
      case 'code':
      case 'part': {
        const description = isMapping(value) ? partAt(value) : undefined;
        if (description !== undefined) walkOptions(description.options, value as never, at, partAt, meet);
      }
    }
  };
  for (const [name, { takes }] of Object.entries(options)) {
    if (Object.hasOwn(written, name)) visit(takes, written[name], [...path, name]);
  }
}

/** Of several types the one that a written value can only be meant for. */
export function branchFor(branches: readonly Takes[], value: unknown): Takes | undefined {
  const flat = branches.flatMap((takes): readonly Takes[] => (takes.type === 'either' ? takes.of : [takes]));
  return flat.find((takes) => fits(takes.type === 'lazy' ? takes.of() : takes, value));
}

function fits(takes: Takes, value: unknown): boolean {
  const isPart = isMapping(value) && (typeof value.use === 'string' || typeof value.type === 'string');
  switch (takes.type) {
    case 'part':
      return isPart;
    case 'code':
      return isPart && takes.kind !== undefined;
    case 'record':
      return isMapping(value) && typeof value.use !== 'string';
    case 'mapping':
      return isMapping(value) && Object.keys(value).every((key) => Object.hasOwn(takes.options, key));
    case 'list':
    case 'tuple':
      return Array.isArray(value);
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'choice':
      return takes.values.includes(value as never);
    case 'text':
    case 'task':
      return typeof value === 'string';
    case 'lazy':
      return fits(takes.of(), value);
    case 'either':
      return takes.of.some((of) => fits(of, value));
  }
}

import { join, resolve } from 'node:path';
import type { AnyTask, HostTensor, InputSpecs, ParameterLayout, Trainer } from '@polytask/core';
import { loadCheckpoint } from '@polytask/core/node';
import type { TableEncoding } from '@polytask/data';
import type { LoadedConfig } from '../config/load-config.js';
import { dividedSources } from '../parts/datasets.js';
import { requireTable } from './check-table.js';
import { readSavedModel } from './load-model.js';

/** The model of another run that training starts from. */
export interface StartModel {
  /** The run, as the configuration names it. */
  readonly shown: string;
  /** Whether what does not fit starts as it would without the other run. */
  readonly partial: boolean;
  readonly variables: { readonly [path: string]: HostTensor };
  /** How that run encodes rows, where it learned from a table. */
  readonly encoding?: TableEncoding;
}

/**
 * Reads the model that a configuration names under `start`; undefined where it names none.
 *
 * @throws InputError where there is no such model.
 */
export async function readStart({
  sections,
  folder,
}: Pick<LoadedConfig, 'sections' | 'folder'>): Promise<StartModel | undefined> {
  const { start, data } = sections;
  if (start === undefined) return undefined;
  const { run, partial } = typeof start === 'string' ? { run: start, partial: false } : start;
  const saved = await readSavedModel({ folder: run, cwd: folder });
  const { tensors } = await loadCheckpoint(join(resolve(folder, run), 'model.safetensors'));
  const source = String((data as { use?: unknown } | undefined)?.use);
  const ofTables = dividedSources.includes(source) && source !== 'images';
  return {
    shown: run,
    partial,
    variables: tensors,
    ...(ofTables ? { encoding: requireTable(saved, run, 'start') } : {}),
  };
}

/**
 * What of another model does not fit a network: variables that only one of them has, or that differ in shape. What is learned for
 * balancing and by auxiliary objectives is no part of a model.
 */
export function misfits({ variables }: StartModel, { segments, stateSegments }: ParameterLayout): string[] {
  const ours = new Map([...segments, ...stateSegments].map(({ path, shape }) => [path, shape]));
  const isModel = (path: string) => !/^(balancing|auxiliary)\//.test(path);
  const shown = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  return [
    ...[...ours].flatMap(([path, shape]) => {
      const theirs = Object.hasOwn(variables, path) ? variables[path] : undefined;
      if (theirs === undefined) return isModel(path) ? [`\`${path}\` ${shown(shape)} is not there`] : [];
      return theirs.shape.join() === shape.join()
        ? []
        : [`\`${path}\` is ${shown(theirs.shape)} there and ${shown(shape)} here`];
    }),
    ...Object.keys(variables).flatMap((path) =>
      ours.has(path) || !isModel(path) ? [] : [`\`${path}\` ${shown(variables[path]?.shape ?? [])} is not here`],
    ),
  ];
}

/** Puts the variables of another model into a network that is built, those that fit; all others stay as they are. */
export async function startFrom(
  trainer: Trainer<readonly AnyTask[]>,
  { variables }: StartModel,
  inputs: InputSpecs,
): Promise<void> {
  const { parameters } = trainer;
  if (parameters === undefined) return;
  const { segments, stateSegments } = parameters.layout;
  const filled: [string, HostTensor][] = [];
  for (const { path, shape } of [...segments, ...stateSegments]) {
    const theirs = Object.hasOwn(variables, path) ? variables[path] : undefined;
    const fits = theirs !== undefined && theirs.shape.join() === shape.join();
    filled.push([path, fits ? theirs : await parameters.read(path)]);
  }
  // What tasks learn of their labels they learn from the rows of this run.
  await trainer.loadModel({ inputs, constants: {}, variables: Object.fromEntries(filled) });
}

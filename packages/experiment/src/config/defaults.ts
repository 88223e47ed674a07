import type { EarlyStopping } from '@polytask/core';
import { dividedSources } from '../parts/datasets.js';
import type { Config } from './schema.js';

/**
 * What tables are learned with where the configuration has no `sharing`. Most are small: so heads have a linear model within them, and a
 * little dropout keeps the dense layers from learning rows by heart (`npm run bench -- quality`).
 */
export const defaultSharing = {
  use: 'hard-sharing',
  encoder: { use: 'tabular', units: [64, 32], wide: 2, dropout: 0.1 },
} as const;

/** Early stopping as it is where a configuration does not say otherwise. */
const defaultStopping = { patience: 20, restoreBest: true } as const;

/** `training` with everything that it leaves out. */
export type FilledTraining = Omit<Config['training'], 'epochs' | 'earlyStopping'> & {
  readonly epochs: number;
  readonly earlyStopping: EarlyStopping | false;
};

/** Share of the rows that are set apart for validation. */
export function validationShare({ data, split, training }: Partial<Config>): number {
  if (split?.validation !== undefined) return split.validation;
  const source = String((data as { readonly use?: unknown } | undefined)?.use);
  if (!dividedSources.includes(source) || split?.column !== undefined) return 0;
  const { earlyStopping, checkpoints } = training ?? {};
  return earlyStopping === false && checkpoints?.keepBest === undefined ? 0 : 0.15;
}

/** Fills in how long is trained: early stopping where tables or images have validation rows, unless it is turned off. */
export function fillTraining(
  { epochs, earlyStopping: asked, ...others }: Config['training'],
  { facts, validation }: { readonly facts?: unknown; readonly validation?: unknown },
): FilledTraining {
  const wanted = asked ?? (facts !== undefined && validation !== undefined);
  const earlyStopping = wanted === true ? defaultStopping : (wanted as EarlyStopping | false);
  return { ...others, epochs: epochs ?? (earlyStopping === false ? 10 : 400), earlyStopping };
}

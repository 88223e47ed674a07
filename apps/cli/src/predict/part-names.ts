/** A part of the rows of a run, as the command line names it. */
export type PartName = 'train' | 'training' | 'validation' | 'test';

/** All names of parts. */
export const partNames: readonly PartName[] = ['train', 'training', 'validation', 'test'];

import { expect, test } from 'vitest';
import { DatasetError } from '../../src/errors/dataset-error.js';
import { PolytaskError } from '../../src/errors/polytask-error.js';

test('has a code, a name, a cause, and is a PolytaskError', () => {
  const cause = new Error('underneath');
  const error = new DatasetError('Rows must be there, but are not.', { cause });
  expect(error.code).toBe('POLYTASK_DATASET');
  expect(error.name).toBe('DatasetError');
  expect(error.cause).toBe(cause);
  expect(PolytaskError.isInstance(error)).toBe(true);
});

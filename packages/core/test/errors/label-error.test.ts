import { expect, it } from 'vitest';
import { LabelError } from '../../src/errors/label-error.js';
import { PolytaskError } from '../../src/errors/polytask-error.js';

it('says which task, what is wrong and what to do', () => {
  const error = new LabelError('depth', 'there is no label in the training data', 'Check `column`.');
  expect(error.message).toBe('Task `depth`: there is no label in the training data. Check `column`.');
  expect(error).toMatchObject({ name: 'LabelError', code: 'POLYTASK_LABELS', task: 'depth' });
  expect(PolytaskError.isInstance(error)).toBe(true);
});

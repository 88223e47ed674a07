import { regression, sgd, tableDataset, uniformStream } from '@polytask/core';
import { expect, test } from 'vitest';
import { tinySharing } from '../helpers/tiny-sharing.js';
import { maskedMean } from './methods/masked-mean.js';
import { pcgrad } from './methods/pcgrad.js';
import { expectResumes, trained } from './support/runs.js';

const [rows, length, vocabulary] = [12, 5, 7];

/** Rows of 1 to 5 tokens; what fills them up is `filler`. */
function sentences(filler: (uniform: () => number) => number) {
  const uniform = uniformStream('sentences');
  const other = uniformStream('filler');
  const words = new Int32Array(rows * length);
  const there = new Float32Array(rows * length);
  const sum = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const real = 1 + Math.floor(uniform() * length);
    for (let at = 0; at < length; at++) {
      const word = Math.floor(uniform() * vocabulary);
      words[row * length + at] = at < real ? word : filler(other);
      there[row * length + at] = at < real ? 1 : 0;
      if (at < real) sum[row] = (sum[row] as number) + word / real;
    }
  }
  return tableDataset({
    inputs: {
      words: { data: words, shape: [rows, length], vocabulary, mask: 'there' },
      there: { data: there, shape: [rows, length] },
    },
    columns: { mean: sum, rest: sum.map((value) => value % 1) },
  });
}

const tasks = [regression('mean'), regression('rest')];
const sharing = () => tinySharing(maskedMean('words'));

test('rows of different length: what fills them up is not seen', async () => {
  const ends: unknown[] = [];
  for (const filler of [() => 0, (uniform: () => number) => Math.floor(uniform() * vocabulary)]) {
    const options = { tasks, sharing: sharing(), balancing: pcgrad(), optimizer: sgd({ learningRate: 0.5 }) };
    await trained(options, sentences(filler), { epochs: 16, batchSize: 4 }, ({ values, trainer }) => {
      ends.push(values);
      const losses = trainer.history?.tasks.mean?.trainLoss ?? [];
      expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 2);
      // The table's gradient is one of ids that fill up, too, but one of nothing.
      expect(values['trunk/embed/table']).toHaveLength(vocabulary * 4);
    });
  }
  expect(ends[1]).toEqual(ends[0]);
});

test('a sequence with a mask resumes', async () => {
  await expectResumes(
    () => ({ tasks, sharing: sharing() }),
    sentences(() => 0),
    { epochs: 2, batchSize: 4 },
    4,
  );
});

test('masks and vocabularies are checked', async () => {
  const inputs = (spec: object) => ({ words: { shape: [length], dtype: 'int32' as const, ...spec } });
  const build = (specs: object) =>
    trained(
      { tasks, sharing: sharing(), inputs: specs as never },
      sentences(() => 0),
      { epochs: 1 },
    );
  await expect(build(inputs({ vocabulary, mask: 'thre' }))).rejects.toThrow(/mask of `words`.*`thre`/);
  await expect(build(inputs({ vocabulary: 0 }))).rejects.toThrow(/inputs.words.vocabulary/);
  const short = { there: { shape: [3], dtype: 'float32' } };
  await expect(build({ ...inputs({ vocabulary, mask: 'there' }), ...short })).rejects.toThrow(/inputs.words.mask/);
  expect(() => sentences(() => vocabulary)).toThrow(/ids from 0 to 6, its `vocabulary`/);
});

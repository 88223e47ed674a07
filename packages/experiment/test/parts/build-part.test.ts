import type { PartDescription, PolytaskError } from '@polytask/core';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../../../../test/support/folder.js';
import { temperedModule } from '../../../../test/support/plugins.js';
import { codePlaces } from '../../src/code/code-places.js';
import { showPath } from '../../src/config/paths.js';
import { buildPart } from '../../src/parts/build-part.js';
import type { PartTable } from '../../src/parts/part-table.js';
import { tableFor } from '../../src/parts/tables.js';

const [encoders, sharings, taskTypes, balancings] = [
  tableFor('encoder'),
  tableFor('sharing'),
  tableFor('task'),
  tableFor('loss-weighting'),
];

async function build(config: object, table: PartTable, at: string = 'here') {
  const folder = folderWith({ 'tempered.mjs': temperedModule });
  const told: string[] = [];
  const made = await buildPart(
    config,
    [at],
    table,
    { folder, code: codePlaces({ cwd: folder }) },
    (path, error: PolytaskError) => told.push(`${showPath(path)}: ${error.message}`),
  );
  return { made, told };
}

describe('buildPart', () => {
  it('makes parts from the inside out', async () => {
    const encoder = { use: 'mlp', units: [8], dropout: 0.1 };
    const { made, told } = await build(
      { use: 'hard-sharing', encoder, head: { left: { use: 'mlp', units: [4] } } },
      sharings,
    );
    expect(told).toEqual([]);
    expect(made).toMatchObject({
      kind: 'sharing',
      name: 'hard-sharing',
      options: {
        encoder: { name: 'mlp', options: { units: [8], dropout: 0.1 } },
        head: { left: { name: 'mlp', options: { units: [4] } } },
      },
    });
  });

  it('knows tasks by their type', async () => {
    const { made } = await build({ type: 'regression', name: 'height', loss: 'mae' }, taskTypes);
    expect(made).toMatchObject({ kind: 'task', name: 'height', type: 'regression' });
  });

  it('takes parts from elsewhere, and makes the parts in their options', async () => {
    const part = { use: './tempered.mjs#tempered', temperature: 3 };
    expect((await build(part, balancings)).made).toMatchObject({ name: 'tempered', options: { temperature: 3 } });
    const echo = { use: './tempered.mjs#echo', inner: [{ use: 'mlp', units: [2] }], plain: { a: 1 } };
    expect((await build(echo, balancings)).made).toMatchObject({
      seen: { options: { inner: [{ kind: 'encoder', name: 'mlp' }], plain: { a: 1 } } },
    });
  });

  it('says where a part cannot be made, at the option if the error names one', async () => {
    const columns = { image: { use: 'conv-net', pool: 2.5 }, table: { use: 'mlp', units: [0] } };
    const { made, told } = await build({ use: 'fusion', columns }, encoders);
    expect(made).toBeUndefined();
    expect(told).toEqual([
      expect.stringMatching(/^here\.columns\.image\.pool: Option `pool` must be/),
      expect.stringMatching(/^here\.columns\.table\.units\[0\]: Option `units\[0\]` must be/),
    ]);
  });

  it.each([
    [{ use: './tempered.mjs#temperd' }, /^here\.use: `\.\/tempered\.mjs` exports no `temperd`/],
    [{ use: './tempered.mjs#encoder' }, /^here\.use: .*#encoder` must be a loss-weighting or/],
    [
      { use: './tempered.mjs#echo', inner: { use: 'mlpp' } },
      /^here\.inner\.use: there is no part named `mlpp`.*Did you mean `mlp`\?/,
    ],
    // Ours are checked within parts of which nothing is known as they are anywhere.
    [
      { use: './tempered.mjs#echo', inner: [{ use: 'mlp', units: [2], dropuot: 0.1 }] },
      /^here\.inner\[0\].*`dropuot`.*`dropout`/,
    ],
    [{ use: './tempered.mjs#echo', inner: { use: 'mlp', units: 'many' } }, /^here\.inner\.units: .*`units` must be/],
  ])('reports %j', async (config, message) => {
    expect((await build(config, balancings)).told).toEqual([expect.stringMatching(message)]);
  });

  it('lets faults of our own through', async () => {
    const tempered = tableFor('loss-weighting').parts.get('sum-of-losses') as PartDescription;
    const faulty = { ...encoders, parts: new Map([['x', { ...tempered, create: () => JSON.parse('{') }]]) };
    await expect(build({ use: 'x' }, faulty)).rejects.toThrow(SyntaxError);
  });
});

import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PolytaskError } from '@polytask/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadTable } from '../../../src/node/index.js';
import { folderWith } from '../../helpers/folder.js';

/** Whether a file, whatever is in it, is read or refused with an error of ours; nothing half made is left. */
async function isReadOrRefused(name: string, contents: string | Uint8Array): Promise<void> {
  const folder = folderWith();
  const source = join(folder, name);
  await writeFile(source, contents);
  const cache = join(folder, 'cache');
  const maxBadRows = contents.length % 2 === 0 ? 0 : 100;
  const outcome = await loadTable({
    source,
    labels: [{ column: 'y', kind: 'number' }],
    features: ['x'],
    cache,
    maxBadRows,
  }).catch((error: unknown) => error);
  if (outcome instanceof Error && !PolytaskError.isInstance(outcome)) throw outcome;
  const left = readdirSync(folder).includes('cache') ? readdirSync(cache) : [];
  expect(left.filter((entry) => entry.startsWith('making-'))).toEqual([]);
}

const cell = fc.oneof(
  fc.double().map(String),
  fc.constantFrom(
    '',
    'nan',
    'inf',
    '-1e999',
    '"',
    '""',
    '"a\nb"',
    "';--",
    '\u0000',
    '\uFEFF',
    'é',
    ',',
    '=1+1',
    '__proto__',
  ),
  fc.string({ maxLength: 12 }),
);
const lines = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

it('takes any CSV', async () => {
  await fc.assert(
    fc.asyncProperty(lines, (rows) =>
      isReadOrRefused('rows.csv', `x,y\n${rows.map((row) => row.join(',')).join('\n')}`),
    ),
    { numRuns: 25 },
  );
});

it('takes any bytes under any name', async () => {
  const names = fc.constantFrom('rows.csv', 'rows.json', 'rows.jsonl', 'rows.parquet', 'rows.csv.gz');
  await fc.assert(
    fc.asyncProperty(names, fc.uint8Array({ maxLength: 200 }), (name, bytes) => isReadOrRefused(name, bytes)),
    { numRuns: 25 },
  );
});

it('takes any JSON', async () => {
  const key = fc.constantFrom('x', 'y', '__proto__', 'constructor', 'polytask:row');
  const row = fc.oneof(fc.dictionary(key, fc.jsonValue()), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), fc.boolean(), (rows, asLines) =>
      asLines
        ? isReadOrRefused('rows.jsonl', rows.map((one) => JSON.stringify(one)).join('\n'))
        : isReadOrRefused('rows.json', JSON.stringify(rows)),
    ),
    { numRuns: 25 },
  );
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

// What the documentation promises to be complete is complete, and its links lead somewhere. (Links within the site are checked
// when it is built, all but those to a place on a page.)
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadParts } from '../apps/docs/described-parts.mjs';
import { type Citing, paperIndex } from '../apps/docs/paper-index.mjs';
import { describedParts } from '../packages/core/src/index.js';
import { readYaml } from '../packages/experiment/src/config/read-yaml.js';
import { configSchema } from '../packages/experiment/src/config/schema.js';
import { root } from '../scripts/run.mjs';
import { pages, sourcesIn } from './support/sources.js';

const sources = [...sourcesIn('packages'), ...sourcesIn('apps/cli/src')].filter(({ path }) => path.includes('/src/'));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('apps/docs/errors.md', () => {
  const explained = [...read('apps/docs/errors.md').matchAll(/^### (POLYTASK_\w+)$/gm)].map(
    ([, code]) => code as string,
  );
  /** What looks like a code and is none: variables of the environment. */
  const variables = [
    ...['POLYTASK_CACHE', 'POLYTASK_CACHE_LIMIT', 'POLYTASK_NATIVE_FOLDER'],
    ...['POLYTASK_SQL_MEMORY', 'POLYTASK_UNPACK_LIMIT'],
  ];
  const quoted = sources.flatMap(({ text }) => text.match(/(?<=')POLYTASK_[A-Z_]+(?=')/g) ?? []);
  const thrown = new Set(quoted.filter((code) => !variables.includes(code)));

  it('explains every error code, each once', () => {
    expect([...explained].sort()).toEqual([...thrown].sort());
  });

  it('is not contradicted by doc comments', () => {
    const named = new Set(sources.flatMap(({ text }) => text.match(/POLYTASK_[A-Z_]+/g) ?? []));
    for (const variable of variables) named.delete(variable);
    expect([...named].filter((code) => !thrown.has(code))).toEqual([]);
  });

  it('is linked to by codes that it has', () => {
    const anchors = pages().flatMap(({ text }) => [...text.matchAll(/errors#([\w-]+)/g)].map(([, anchor]) => anchor));
    expect(anchors.filter((anchor) => !explained.some((code) => code.toLowerCase() === anchor))).toEqual([]);
  });
});

describe('the paper index', () => {
  const citing = (name: string, note?: string): Citing => ({
    kind: 'loss-weighting',
    cites: [{ authors: 'A', title: 'T', venue: 'V', year: 2020, url: 'https://example.org', ...(note && { note }) }],
    link: `./api/x/functions/${name}`,
    export: name,
  });

  it('has every paper once, with all that cite it', () => {
    expect(paperIndex([citing('one', 'Half of it.'), citing('two')])).toContain(
      '## Loss weighting\n\n**T**. A, V, 2020. <https://example.org>\n\n' +
        '- [`one`](./api/x/functions/one): Half of it.\n- [`two`](./api/x/functions/two)\n',
    );
  });

  it('is made of what every package on the site exports, and loads none of its libraries', async () => {
    const { entryPoints } = JSON.parse(read('typedoc.json'));
    const { parts } = await loadParts(entryPoints);
    const found = new Map(parts.map((entry) => [entry.path, [...entry.parts.keys()].sort()]));
    for (const path of entryPoints) {
      const module = await import(join(root, path));
      expect(found.get(path), path).toEqual([...describedParts(module).keys()].sort());
    }
    expect(found.get('packages/hard-sharing/src/index.ts')).toEqual([
      ...['branchedSharing', 'conflictScores', 'dbmtl', 'esmm', 'hardSharing', 'recon', 'residualAdapters'],
    ]);
  });
});

it('the first page and the sidebar lead to every page of the guide', () => {
  const guide = readdirSync(join(root, 'apps/docs/guide'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -'.md'.length))
    .sort();
  const linked = (text: string, link: RegExp) => [...new Set([...text.matchAll(link)].map(([, name]) => name))].sort();
  expect(linked(read('apps/docs/index.md'), /\.\/guide\/([\w-]+)/g)).toEqual(guide);
  expect(linked(read('apps/docs/.vitepress/config.ts'), /link: '\/guide\/([\w-]+)'/g)).toEqual(guide);
});

it('links between files of the repository lead to files', () => {
  const dead = pages()
    .filter(({ path }) => !path.startsWith('apps/docs/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g)]
        .map(([, link]) => link?.replace(/#.*/, '') as string)
        .filter((link) => !existsSync(join(root, dirname(path), link)))
        .map((link) => `${path}: ${link}`),
    );
  expect(dead).toEqual([]);
});

// A fence of `yaml fragment` shows a part of a run file.
it('run files in the documentation and among the examples are valid', () => {
  const runs = pages().flatMap(({ path, text }) =>
    [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => ({ path, yaml: yaml as string })),
  );
  expect(runs.length).toBeGreaterThan(0);
  const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.yaml'));
  expect(examples.length).toBeGreaterThan(0);
  runs.push(...examples.map((name) => ({ path: `examples/${name}`, yaml: read(`examples/${name}`) })));
  for (const { path, yaml } of runs) {
    const { value, mistakes } = readYaml(yaml, path);
    expect(mistakes, path).toEqual([]);
    expect(configSchema.safeParse(value).error, path).toBeUndefined();
  }
});

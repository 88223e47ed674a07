// Sizes in a run file are bounded before any work begins, and many mistakes are told quickly.
import { describe, expect, it } from 'vitest';
import { changed, smallRun } from '../../../../test/support/configs.js';
import { checkConfig } from '../../src/config/load-config.js';
import { readYaml } from '../../src/config/read-yaml.js';
import { jsonSchema } from '../../src/config/schema.js';
import { most } from '../../src/config/words.js';

function mistakesOf(text: string): string[] {
  const yaml = readYaml(text, 'run.yaml');
  const raw = yaml.value as Record<string, unknown>;
  return checkConfig({ file: 'run.yaml', path: '/run.yaml', yaml, raw }).mistakes.mistakes.map(
    ({ message }) => message,
  );
}

describe('the schema', () => {
  it('has an upper bound for every whole number, list and mapping by name', () => {
    const unbounded: string[] = [];
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { type, maximum, maxItems, maxProperties, items, additionalProperties } = schema as Record<string, unknown>;
      // Seeds cost nothing, however large.
      const bounded = maximum !== undefined && (Number(maximum) <= most.count || /\bseed$/.test(path));
      if (type === 'integer' && !bounded) unbounded.push(path);
      if (type === 'array' && maxItems === undefined && !Array.isArray(items)) unbounded.push(path);
      const named = typeof additionalProperties === 'object' && Object.keys(additionalProperties as object).length > 0;
      if (type === 'object' && named && maxProperties === undefined) unbounded.push(path);
      for (const [key, value] of Object.entries(schema)) visit(value, `${path}/${key}`);
    };
    visit(jsonSchema(), '');
    expect(unbounded).toEqual([]);
  });

  it.each([
    ['threads: 65', 'a whole number from 1 to 64'],
    ['threads: 1000000000', 'a whole number from 1 to 64'],
    ['training: { batchSize: 10000000 }', 'a whole number from 1 to 1048576'],
    ['training: { epochs: 9000000000 }', 'a whole number from 1 to 1000000000'],
  ])('refuses %s', (line, expected) => {
    const [key = ''] = line.split(':');
    const rest = smallRun.split('\n').filter((one) => !one.startsWith(key));
    expect(mistakesOf([...rest, line].join('\n'))).toEqual([expect.stringContaining(`expected ${expected}`)]);
  });

  it('refuses more classes, layers, units and tasks than a model is made of', () => {
    const expectOne = (text: string, words: string) =>
      expect(mistakesOf(text)).toEqual([expect.stringContaining(words)]);
    expectOne(
      changed('name: left, type: classification, classes: 10', 'name: left, type: classification, classes: 1000000000'),
      'found 1000000000, expected a whole number from 2 to 1048576',
    );
    expectOne(changed('units: [8]', `units: [${'4, '.repeat(400)}4]`), 'a list of whole numbers from 1, at most 256');
    expectOne(changed('units: [8]', 'units: [65537]'), 'a whole number from 1 to 65536');
    const task = (_: unknown, index: number) => `  - { name: t${index}, type: regression }\n`;
    const tasks = Array.from({ length: 257 }, task).join('');
    expectOne(smallRun.replace(/tasks:\n( {2}- .*\n)+/, `tasks:\n${tasks}`), 'a list of at most 256 tasks');
    const heads = Array.from({ length: 257 }, (_, index) => `t${index}: { use: mlp, units: [] }`).join(', ');
    expectOne(changed('encoder: {', `head: { ${heads} }\n  encoder: {`), 'encoders by task name, at most 256');
  });
});

describe('20000 mistakes in one mapping', () => {
  // What takes a time that grows with the square of their number does not end within the limit of a test.
  it.each(['at the top', 'deep inside'])('%s are all found', (place) => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`);
    const text =
      place === 'at the top'
        ? `${smallRun}${keys.join('\n')}\n`
        : changed('units: [8]', `units: [8], ${keys.join(', ')}`);
    expect(mistakesOf(text)).toHaveLength(20_000);
  });
});

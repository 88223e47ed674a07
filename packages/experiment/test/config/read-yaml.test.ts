import { describe, expect, it } from 'vitest';
import { isRefusedKey, readYaml, readYamlValue } from '../../src/config/read-yaml.js';

const told = (text: string) => readYaml(text, 'run.yaml').mistakes.map(({ where, message }) => `${where}: ${message}`);

describe('readYaml', () => {
  it('gives plain data', () => {
    expect(readYaml('a: 1e-3\nb: [x, yes, null]\nc: { d: true }\n', 'run.yaml')).toMatchObject({
      value: { a: 0.001, b: ['x', 'yes', null], c: { d: true } },
      mistakes: [],
      readable: true,
    });
    expect(readYaml('', 'run.yaml').value).toBeNull();
  });

  it('copies what anchors stand for, so that a change in one place stays there', () => {
    const { value } = readYaml('a: &x { n: 1 }\nb: *x\nc: { <<: *x, m: 2 }\n', 'run.yaml');
    expect(value).toEqual({ a: { n: 1 }, b: { n: 1 }, c: { n: 1, m: 2 } });
    const { a, b } = value as { a: object; b: object };
    expect(a).not.toBe(b);
  });

  it('tells syntax errors where they are, and that there is no more to look at', () => {
    expect(told('a: 1\nb: [1, 2\n')).toEqual([expect.stringMatching(/^run\.yaml:3:1: this is not YAML: .*must be/)]);
    expect(told('a: "x')).toEqual([expect.stringMatching(/^run\.yaml:1:6: this is not YAML: Missing closing/)]);
    expect(told('a:\n\tb: 1\n')[0]).toMatch(/^run\.yaml:2:1: tabs may not indent YAML/);
    expect(told('a: 1\n---\nb: 2\n')).toEqual([expect.stringMatching(/^run\.yaml:2:1: a second YAML document/)]);
    expect(told('a: !!js/function x')).toEqual([expect.stringMatching(/^run\.yaml:1:4: .*Unresolved tag/)]);
    expect(told('a: *nobody')).toEqual([expect.stringMatching(/^run\.yaml:1:1: Unresolved alias/)]);
    expect(readYaml('a: [', 'run.yaml').readable).toBe(false);
  });

  it('tells duplicate keys with the line of the first, and goes on', () => {
    const text = 'seed: 1\ndata:\n  use: x\n  size: 1\n  use: y\n';
    expect(told(text)).toEqual([
      'run.yaml:5:3: the key `use` is here a second time (it is on line 3 already); keep one of the two',
    ]);
    expect(told('a: { b: 1, b: 2 }')).toEqual([
      'run.yaml:1:12: the key `b` is here a second time; keep one of the two',
    ]);
    expect(readYaml(text, 'run.yaml').readable).toBe(true);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('leaves out the key %s, and says so', (key) => {
    const { value, mistakes } = readYaml(`a:\n  ${key}: { polluted: true }\n  b: 1\n`, 'run.yaml');
    expect(mistakes).toMatchObject([{ line: 2, column: 3, message: `the key \`${key}\` is not allowed` }]);
    expect(value).toEqual({ a: { b: 1 } });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('survives what would never end', () => {
    expect(told('a: &a [*a]')).toEqual(['run.yaml:1:1: `a` is nested more than 64 levels deep']);
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 10; i++) {
      const [to, from] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)];
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
    }
    expect(told(bomb.join('\n'))).toEqual([expect.stringContaining('Excessive alias count')]);
  });
});

describe('readYamlValue', () => {
  it('reads one value', () => {
    expect(readYamlValue('[64, 32]')).toEqual({ value: [64, 32] });
    expect(readYamlValue('')).toEqual({ value: null });
  });

  it('says what is wrong', () => {
    expect(readYamlValue('[1')).toHaveProperty('problem');
    expect(readYamlValue('{ __proto__: 1 }')).toEqual({ problem: 'the key `__proto__` is not allowed' });
  });
});

describe('isRefusedKey', () => {
  it('knows the keys that objects have by nature', () => {
    expect(['__proto__', 'constructor', 'prototype', 'use', 'toString'].map(isRefusedKey)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});

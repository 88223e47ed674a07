// A run file from a stranger: nothing is executed, nothing hangs, and what is wrong is a mistake with its place.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallRun } from '../../../../test/support/configs.js';
import { harmIn } from '../../src/config/harm.js';
import { checkConfig } from '../../src/config/load-config.js';
import { isMapping } from '../../src/config/paths.js';
import { readYaml, readYamlValue } from '../../src/config/read-yaml.js';
import { applySetOption, parseSetOption } from '../../src/config/set-option.js';

const messages = (text: string) => readYaml(text, 'run.yaml').mistakes.map(({ message }) => message);

describe('harmIn', () => {
  it('finds texts that would take forever', () => {
    expect(harmIn(smallRun)).toBeUndefined();
    expect(harmIn(`a: "what? who?" # ?\nb: [1, {c: 2}]\n${'"(": ")"\n'.repeat(10)}`)).toBeUndefined();
    expect(harmIn('x'.repeat(300_000))).toMatch(/^found 300000 characters, expected at most 262144$/);
    expect(harmIn('['.repeat(5000))).toMatch(/more than 256 brackets/);
    expect(harmIn('? '.repeat(5000))).toMatch(/found 5000 keys that begin with/);
    expect(harmIn('? ? ?\n'.repeat(50))).toMatch(/found 150 keys/);
  });
});

describe('a run file', () => {
  it('executes no code', () => {
    for (const tag of ['!!js/function "() => 1"', '!!python/object/apply:os.system ["id"]', '!ruby/object:Gem {}']) {
      expect(messages(`a: ${tag}`).join()).toMatch(/Unresolved tag/);
    }
  });

  it('is not blown up by aliases', () => {
    const bomb = 'abcdefgh'.replaceAll(/[b-h]/g, (c) => {
      const before = String.fromCharCode(c.charCodeAt(0) - 1);
      return `${c}: &${c} [${`*${before},`.repeat(9)}]\n`;
    });
    expect(messages(`a: &a [x,x,x,x,x,x,x,x,x]\n${bomb.slice(1)}`).join()).toMatch(/alias/);
    const wide = `a: &a [${'1,'.repeat(20_000)}]\nb: [${'*a,'.repeat(90)}]`;
    expect(messages(wide).join()).toMatch(/more than 100000 values/);
    expect(messages('a: &a [*a]').join()).toMatch(/a/);
  });

  it('has no key that objects have by nature, and pollutes nothing', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(messages(`training: { ${key}: { polluted: 1 } }`)).toEqual([`the key \`${key}\` is not allowed`]);
      expect(parseSetOption(`training.${key}.polluted=1`)).toMatchObject({ problem: expect.stringContaining(key) });
      expect(readYamlValue(`{ ${key}: { polluted: 1 } }`)).toMatchObject({ problem: expect.stringContaining(key) });
    }
    expect(messages('a: &a { __proto__: { polluted: 1 } }\nb: { <<: *a }').join()).toMatch(/__proto__/);
    expect({}).not.toHaveProperty('polluted');
  });

  it('is data or a mistake, whatever is done to it', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom(
        ...[
          '? ',
          '- ',
          '[',
          '{',
          ']',
          '}',
          ': ',
          '\n',
          '\n  ',
          '&a ',
          '*a',
          '<<: *a',
          '!!js ',
          '|\n',
          '"',
          "'",
          '\u0000',
        ],
        ...[
          '__proto__: 1\n',
          '%YAML 9\n',
          '---\n',
          '!<tag:yaml.org,2002:binary> ',
          'tasks: ',
          '0x',
          '.nan',
          '9'.repeat(400),
        ],
      ),
    );
    const cut = fc.record({ at: fc.nat(smallRun.length), remove: fc.nat(20), put: fc.array(piece, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 5 }), (cuts) => {
        const text = cuts.reduce(
          (before, { at, remove, put }) => before.slice(0, at) + put.join('') + before.slice(at + remove),
          smallRun,
        );
        const yaml = readYaml(text, 'run.yaml');
        expect(Object.keys(Object.prototype)).toEqual([]);
        if (!yaml.readable) expect(yaml.mistakes.length).toBeGreaterThan(0);
        const raw = yaml.value;
        if (!isMapping(raw)) return;
        const { mistakes } = checkConfig({
          file: 'run.yaml',
          path: '/run.yaml',
          yaml,
          raw,
        });
        for (const { where } of mistakes.mistakes) expect(where).toMatch(/^run\.yaml:\d+:\d+$/);
      }),
      { numRuns: 400 },
    );
  });

  it('takes any --set, or says what is wrong with it', () => {
    const key = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom('tasks', '0', 'training', 'epochs', '__proto__', '[9]'),
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 5 }), fc.string({ maxLength: 20 }), (keys, value) => {
        const option = parseSetOption(`${keys.join('.')}=${value}`);
        if (!('problem' in option)) applySetOption(readYaml(smallRun, 'x').value as Record<string, unknown>, option);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});

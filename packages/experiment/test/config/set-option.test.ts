import { describe, expect, it } from 'vitest';
import { applySetOption, parseSetOption, type SetOption } from '../../src/config/set-option.js';

describe('parseSetOption', () => {
  it.each([
    ['training.epochs=5', ['training', 'epochs'], 5],
    ['tasks.0.classes=3', ['tasks', 0, 'classes'], 3],
    ['tasks[1].name=x', ['tasks', 1, 'name'], 'x'],
    ['sharing.encoder={ use: mlp, units: [4] }', ['sharing', 'encoder'], { use: 'mlp', units: [4] }],
    ['name=a=b', ['name'], 'a=b'],
    ['balancing=', ['balancing'], null],
  ])('reads %s', (text, path, value) => {
    expect(parseSetOption(text)).toEqual({ where: `--set ${text}`, path, value });
  });

  it.each([
    ['seed', /no `=`/],
    ['=3', /no `=`/],
    ['a..b=1', /empty part/],
    ['a.__proto__.b=1', /`__proto__` is not allowed/],
    ['a=[1', /not YAML/],
    ['a={ constructor: 1 }', /`constructor` is not allowed/],
  ])('refuses %s', (text, problem) => {
    expect(parseSetOption(text)).toEqual({ where: `--set ${text}`, problem: expect.stringMatching(problem) });
  });
});

describe('applySetOption', () => {
  const set = (config: Record<string, unknown>, text: string) => {
    const problem = applySetOption(config, parseSetOption(text) as SetOption);
    return problem ?? config;
  };

  it('changes values, and makes mappings on the way', () => {
    expect(set({ seed: 1 }, 'seed=2')).toEqual({ seed: 2 });
    expect(set({}, 'training.earlyStopping.patience=2')).toEqual({ training: { earlyStopping: { patience: 2 } } });
    expect(set({ training: null }, 'training.epochs=2')).toEqual({ training: { epochs: 2 } });
    expect(set({ tasks: [{ name: 'a' }] }, 'tasks.0.name=b')).toEqual({ tasks: [{ name: 'b' }] });
  });

  it('takes a key out with null', () => {
    expect(set({ seed: 1, compare: 'none' }, 'seed=null')).toEqual({ compare: 'none' });
  });

  it('says where a path ends too early', () => {
    expect(set({ seed: 1 }, 'seed.x=2')).toBe('`seed` is 1, which has no `x`');
    expect(set({ tasks: [{}] }, 'tasks.1.name=b')).toMatch(/`tasks` is a list of 1/);
    expect(set({ tasks: [{}] }, 'tasks.left.name=b')).toMatch(/`tasks` is a list of 1/);
    expect(set({ tasks: [{}] }, 'tasks.0=null')).toMatch(/not an entry out of a list/);
  });

  it('never reaches the prototype', () => {
    expect(set({}, 'toString.x=1')).toEqual({ toString: { x: 1 } });
    expect(Object.prototype.toString).not.toHaveProperty('x');
  });
});

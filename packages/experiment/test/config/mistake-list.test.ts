import { describe, expect, it } from 'vitest';
import { createMistakeList } from '../../src/config/mistake-list.js';
import { readYaml } from '../../src/config/read-yaml.js';
import { parseSetOption, type SetOption } from '../../src/config/set-option.js';

const text = 'training:\n  epochs: 3\nsharing: { use: x }\n';

function listWith(...sets: string[]) {
  const { positions } = readYaml(text, 'run.yaml');
  return createMistakeList(
    'run.yaml',
    positions,
    sets.map((set) => parseSetOption(set) as SetOption),
  );
}

const wheres = ({ mistakes }: ReturnType<typeof listWith>) => mistakes.map(({ where }) => where);

describe('createMistakeList', () => {
  it('points at values, and at keys where asked', () => {
    const list = listWith();
    list.add(['training', 'epochs'], 'wrong');
    list.add(['training', 'epochs'], 'unknown', true);
    list.add(['training', 'batchSize'], 'missing');
    expect(list.mistakes).toEqual([
      { where: 'run.yaml:2:11', file: 'run.yaml', line: 2, column: 11, message: 'wrong' },
      { where: 'run.yaml:2:3', file: 'run.yaml', line: 2, column: 3, message: 'unknown' },
      { where: 'run.yaml:1:1', file: 'run.yaml', line: 1, column: 1, message: 'missing' },
    ]);
  });

  it('names the option that put a value in', () => {
    const list = listWith('training.epochs=0', 'training.epochs=x', 'balancing.temperature=2', 'sharing={}');
    list.add(['training', 'epochs'], 'wrong');
    list.add(['balancing', 'use'], 'missing');
    list.add(['balancing'], 'unknown', true);
    list.add(['sharing', 'encoder', 'units', 0], 'wrong');
    expect(wheres(list)).toEqual([
      '--set training.epochs=x',
      '--set balancing.temperature=2',
      '--set balancing.temperature=2',
      '--set sharing={}',
    ]);
  });

  it('blames the file for what an option did not touch', () => {
    const list = listWith('training.batchSize=8');
    list.add(['training', 'epochs'], 'wrong');
    list.add(['training'], 'wrong');
    list.add(['training', 'shuffle'], 'missing');
    expect(wheres(list)).toEqual(['run.yaml:2:11', 'run.yaml:2:3', 'run.yaml:1:1']);
  });

  it('takes up mistakes that have their place', () => {
    const list = listWith();
    list.addPlaced({ where: '--set x', message: 'found no `=`' });
    expect(wheres(list)).toEqual(['--set x']);
  });
});

import { describe, expect, it } from 'vitest';
import { namedPlaces, plain, valued } from '../../src/code/named-places.js';
import { runProgram } from '../../src/program.js';
import { fakeIo } from '../helpers/fake-io.js';

describe('namedPlaces', () => {
  it.each<[string, object | undefined]>([
    ['train run.yaml', { runFile: 'run.yaml', plugins: [] }],
    ['train -s a=b.yaml --seed 3 -q run.yaml', { runFile: 'run.yaml', plugins: [] }],
    ['train -sa=b.yaml run.yaml other.yaml', { runFile: 'run.yaml', plugins: [] }],
    ['train --resume run-1', { runFolder: 'run-1', plugins: [] }],
    ['train --resume=run-1 run.yaml', { runFolder: 'run-1', runFile: 'run.yaml', plugins: [] }],
    ['check --plugins a --plugins=b run.yaml', { runFile: 'run.yaml', plugins: ['a', 'b'] }],
    ['check -- -odd.yaml', { runFile: '-odd.yaml', plugins: [] }],
    ['predict run-1 rows.json --data x', { runFolder: 'run-1', plugins: [] }],
    ['evaluate --data rows.json run-1', { runFolder: 'run-1', plugins: [] }],
    ['export -f onnx -o out.json run-1 --force', { runFolder: 'run-1', plugins: [] }],
    ['train --new-option value.yaml run.yaml', { plugins: [] }],
    ['train -qo value.yaml run.yaml', { plugins: [] }],
    ['train run.yaml --new-option value.yaml', { runFile: 'run.yaml', plugins: [] }],
    ['predict --new-option value run-1', undefined],
    ['predict run-1 --help', undefined],
    ['complete -- predict run-1', undefined],
    ['strategies', undefined],
    ['constructor x', undefined],
    ['', undefined],
  ])('of %j', (line, expected) => {
    expect(namedPlaces(line === '' ? [] : line.split(' '))).toEqual(expected);
  });

  it('knows all options of these commands, and which have a value', async () => {
    const found = { valued: new Set<string>(), plain: new Set<string>() };
    for (const command of ['train', 'check', 'predict', 'evaluate', 'merge', 'export']) {
      const { io, stdout } = fakeIo('/');
      await runProgram([command, '--help'], io);
      for (const [, short, long = '', value] of stdout.text().matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)( <)?/gm)) {
        if (long === '--help') continue;
        for (const option of short === undefined ? [long] : [short, long]) {
          found[value === undefined ? 'plain' : 'valued'].add(option);
        }
      }
    }
    expect([...found.valued].sort()).toEqual([...valued].sort());
    expect([...found.plain].sort()).toEqual([...plain].sort());
  });
});

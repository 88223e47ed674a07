import type { NetworkResult, RunDocument } from '@polytask/experiment';
import { describe, expect, it } from 'vitest';
import { colorsFor } from '../../src/io.js';
import { printable } from '../../src/printable.js';
import { resultTable } from '../../src/report/table.js';
import { written } from '../helpers/fake-io.js';

const plain = colorsFor(written().stream, {});
const network = (tasks: NetworkResult['tasks'], parameters: number, training: number) =>
  ({ parameters, seconds: { training, evaluation: 1 }, tasks }) as NetworkResult;

const classes = {
  primaryMetric: 'accuracy',
  better: { accuracy: 'higher', macroF1: 'higher' },
  type: 'classification',
};
const document = {
  seed: 3,
  backend: { name: 'wasm', wanted: 'auto' },
  tasks: [
    { name: 'left', ...classes },
    { name: 'height', type: 'regression', primaryMetric: 'rmse', better: { rmse: 'lower' } },
  ],
  joint: network({ left: { accuracy: 0.9, macroF1: 0.89 }, height: { rmse: 2.5 } }, 1000, 12.34),
  singleTask: {
    left: network({ left: { accuracy: 0.75, macroF1: 0.7 } }, 900, 5),
    height: network({ height: { rmse: 2 } }, 900, 6),
  },
  deltaM: { improvementPercent: -2.5, improvementPercentByTask: { left: 20, height: -25 }, leftOut: {} },
  seconds: 30,
} as unknown as RunDocument;

const lines = (changes: Partial<RunDocument> = {}, colors = plain) =>
  resultTable({ ...document, ...changes }, colors).split('\n');

describe('resultTable', () => {
  it('has a row per task, columns in line, and says in words what Δm means', () => {
    expect(lines()).toEqual([
      'task    accuracy ↑  rmse ↓  macroF1 ↑   alone        Δm',
      'left        0.9000             0.8900  0.7500  +20.00 %',
      'height              2.5000             2.0000  −25.00 %',
      'mean                                            −2.50 %',
      '',
      'Δm −2.50 % with seed 3.',
      '  Mean over 2 tasks by primary metric; positive means that joint training is better.',
      '  Another seed may give another sign; `repeat: 5` says whether it does.',
      'Parameters: 1000 together, 1800 in 2 networks alone',
      'Training time: 12.3 s together, 11.0 s in 2 networks alone (backend wasm)',
      'Whole run: 30.0 s',
    ]);
  });

  it('has mean, spread and verdict of a repeated run, and says nothing that the spread does not allow', () => {
    const spread = (mean: number, by: number) => ({ mean, spread: by });
    const interval = { low: -9, high: -1 };
    const hurts = { mean: -5, spread: 1.234, interval, verdict: 'hurts', seeds: 3, seedsNeeded: null };
    const unclear = { ...hurts, mean: 3, interval: { low: -1, high: 7 }, verdict: 'cannot tell', seedsNeeded: 11 };
    const repeated = (mean: object, height: object = unclear) =>
      lines({
        overSeeds: {
          seeds: [3, 4, 5],
          joint: {
            left: { accuracy: spread(0.91, 0.011), macroF1: spread(0.9, 0) },
            height: { rmse: spread(12.5, 1) },
          },
          singleTask: { left: { accuracy: spread(0.76, 0.0149) }, height: { rmse: spread(2, 0.5) } },
          transfer: { tasks: { left: hurts, height }, mean, leftOut: [] },
        } as never,
      });
    expect(repeated(hurts).slice(0, 9)).toEqual([
      'task         accuracy ↑        rmse ↓        macroF1 ↑            alone              Δm     together',
      'left    0.9100 ± 0.0110                0.9000 ± 0.0000  0.7600 ± 0.0149  −5.00 % ± 1.23        hurts',
      'height                   12.50 ± 1.00                   2.0000 ± 0.5000  +3.00 % ± 1.23  cannot tell',
      'mean                                                                     −5.00 % ± 1.23        hurts',
      '',
      'Δm −5.00 % (95 %: −9.00 % to −1.00 %): learning together is worse than learning each task alone.',
      '  Mean over 2 tasks by primary metric; positive means that joint training is better.',
      '  Over seeds 3 to 5, on the same rows; the model is that of seed 3.',
      '  Seeds that a verdict may take: height 11.',
    ]);
    const told = (mean: object) => repeated(mean)[5]?.split(': ').at(-1);
    expect(told({ ...hurts, verdict: 'helps' })).toBe('learning together is better than learning each task alone.');
    const cannot = '3 seeds cannot tell whether learning together helps or hurts';
    expect(told(unclear)).toBe(`${cannot}; about 11 could.`);
    expect(told({ ...unclear, seedsNeeded: null })).toBe(`${cannot}.`);
    expect(repeated(hurts, { ...unclear, seedsNeeded: null })).toContain(
      '  Seeds that a verdict may take: height more than 1000.',
    );
  });

  it('leaves the comparison out where there was none', () => {
    const { singleTask: _, deltaM: __, ...joint } = document;
    expect(resultTable(joint, plain).split('\n')).toEqual([
      'task    accuracy ↑  rmse ↓  macroF1 ↑',
      'left        0.9000             0.8900',
      'height              2.5000',
      '',
      'Parameters: 1000',
      'Training time: 12.3 s (backend wasm)',
      'Whole run: 30.0 s',
    ]);
  });

  it('says what was left out of the comparison', () => {
    const leftOut = { height: 'its rmse alone is 0' };
    const some = lines({
      deltaM: { improvementPercent: 20, improvementPercentByTask: { left: 20 }, leftOut } as never,
    });
    expect(some[2]).toMatch(/–$/);
    expect(some).toContain('  Mean over 1 task by primary metric; positive means that joint training is better.');
    expect(some).toContain('  Left out: height, its rmse alone is 0.');
    expect(lines({ deltaM: null })).toContain('No task can be compared with its single-task network.');
  });

  it('names the metric that is compared where it is the same for all', () => {
    expect(lines({ tasks: [document.tasks[0] as never] })[0]).toBe(
      'task  accuracy ↑  macroF1 ↑  accuracy alone        Δm',
    );
  });

  it('has what one prediction for all rows gets, and marks tasks that are no better', () => {
    const { singleTask: _, deltaM: __, ...joint } = document;
    const baseline = { left: { accuracy: 0.9 }, height: { rmse: 3 } };
    expect(
      resultTable({ ...joint, baseline }, plain)
        .split('\n')
        .slice(0, 5),
    ).toEqual([
      'task    accuracy ↑  rmse ↓  macroF1 ↑  baseline',
      'left        0.9000             0.8900  0.9000 ✗',
      'height              2.5000               3.0000',
      '',
      '✗ left: no better than one prediction for all rows, the mean or the most frequent class of the training labels.',
    ]);
    expect(resultTable({ ...joint, baseline: { left: { accuracy: 0.5 } } }, plain)).not.toContain('✗');
    expect(lines({ baseline })[0]).toBe('task    accuracy ↑  rmse ↓  macroF1 ↑  baseline   alone        Δm');
  });

  it('shows R² and AUC where tasks have them', () => {
    const better = { rmse: 'lower', r2: 'higher' } as const;
    const tasks = [{ name: 'height', type: 'regression', primaryMetric: 'rmse', better }];
    const {
      singleTask: _,
      deltaM: __,
      ...joint
    } = { ...document, tasks, joint: network({ height: { rmse: 2.5, r2: 0.5 } }, 1, 1) };
    expect(resultTable(joint, plain).split('\n').slice(0, 2)).toEqual([
      'task    rmse ↓    r2 ↑',
      'height  2.5000  0.5000',
    ]);
  });

  it('names the best epochs, and says where training was too short', () => {
    const { singleTask: _, deltaM: __, joint, ...others } = document;
    const told = (changes: object) =>
      resultTable({ ...others, joint: { ...joint, ...changes } as never }, plain).split('\n');
    const early = { epochs: 9, stopped: 'early', bestEpoch: { left: 4, height: 7 }, restored: 5 };
    expect(told(early)).toContain('Best epochs of 9: left 4, height 7; parameters of epoch 5');
    expect(told(early).join()).not.toContain('still falling');
    const short = { epochs: 9, stopped: 'epochs', bestEpoch: { left: 4, height: 9 }, restored: { left: 4, height: 9 } };
    expect(told(short)).toContain('Best epochs of 9: left 4, height 9; each task has its own');
    expect(told(short)).toContain(
      'The validation loss of height was still falling in the last epoch: raise `training.epochs`.',
    );
  });

  it('has colours on a terminal, which move nothing', () => {
    const colored = lines({}, colorsFor(written(80).stream, {})).map(printable);
    expect(colored[1]).toContain('\u001b[32m+20.00 %');
    expect(colored[2]).toContain('\u001b[31m−25.00 %');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
    expect(colored.map((line) => line.replaceAll(/\u001b\[\d+m/g, '').trimEnd())).toEqual(lines());
  });
});

// Every program runs as its first lines say, from the sources, and prints what is true of its data.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '..');

/** Arguments of examples that would take minutes otherwise. */
const shortened: Record<string, string[]> = {
  'compare-sharing': ['1', '3', '600', 'hard sharing,L2 distance,cross-stitch,MMoE,PLE'],
};

async function outputOf(example: string): Promise<string> {
  const options = ['--conditions=polytask:source', '--import', 'tsx', `${example}.ts`, ...(shortened[example] ?? [])];
  return (await promisify(execFile)(process.execPath, options, { cwd: folder })).stdout;
}

/** All numbers in a text. */
const numbersIn = (text: string) => [...text.matchAll(/-?\d+(\.\d+)?/g)].map(([number]) => Number(number));

/** What the numbers of every line of an example's output must be. */
const checks: Record<string, (lines: number[][]) => void> = {
  'two-regressions'([area, perimeter, rectangle]) {
    // R² of both tasks; then the sides, the area and the perimeter of a rectangle.
    expect(area?.[0]).toBeGreaterThan(0.98);
    expect(perimeter?.[0]).toBeGreaterThan(0.98);
    const [, , foundArea, foundPerimeter] = rectangle ?? [];
    expect(foundArea).toBeGreaterThan(11);
    expect(foundArea).toBeLessThan(13);
    expect(foundPerimeter).toBeGreaterThan(13);
    expect(foundPerimeter).toBeLessThan(15);
  },
  'missing-labels'([alone, together, power]) {
    expect(together?.[0]).toBeGreaterThan((alone?.[0] as number) + 0.05);
    expect(power?.[0]).toBeGreaterThan(0.9);
  },
  'custom-task'([coverage, found, truth]) {
    expect(coverage?.[0]).toBeCloseTo(0.5, 1);
    expect(coverage?.[1]).toBeCloseTo(0.9, 1);
    // The first number of the second line is x.
    expect(found?.[1]).toBeCloseTo(truth?.[0] as number, 0);
    expect(found?.[2]).toBeCloseTo(truth?.[1] as number, 0);
  },
  'run-experiment'([shared, apart]) {
    // Accuracies of both digits, well above chance, and the number of parameters: a column per task has nearly twice as many.
    for (const accuracy of [...(shared?.slice(0, 2) ?? []), ...(apart?.slice(0, 2) ?? [])]) {
      expect(accuracy).toBeGreaterThan(0.4);
    }
    expect((apart?.[2] as number) / (shared?.[2] as number)).toBeGreaterThan(1.9);
  },
  'compare-sharing'([, , hard, ...others]) {
    // Δm, both accuracies, parameters, seconds. Names may have numbers before them.
    const last = (row: number[] | undefined) => row?.slice(-5) ?? [];
    const [, , , fewest = 0] = last(hard);
    expect(others.length).toBe(4);
    for (const row of [hard, ...others]) {
      const [delta, left = 0, right = 0, parameters = 0] = last(row);
      expect(Number.isFinite(delta)).toBe(true);
      // Chance is a tenth.
      expect(Math.max(left, right)).toBeGreaterThan(0.15);
      expect(parameters).toBeGreaterThanOrEqual(fewest);
    }
  },
  'own-loop'(lines) {
    // Step, both losses, both weights: both losses fall far, and weights sum to 2.
    const [[, sum = 0, difference = 0] = [], , , [, lastSum = 1, lastDifference = 1, ...weights] = []] = lines;
    expect(lastSum).toBeLessThan(sum / 20);
    expect(lastDifference).toBeLessThan(difference / 20);
    expect((weights[0] as number) + (weights[1] as number)).toBeCloseTo(2, 1);
  },
  'conflicting-gradients'(lines) {
    // Of every method the ends from three starts. The names have no numbers.
    const ends = lines
      .slice(0, 5)
      .map((numbers) => [0, 2, 4].map((i) => [numbers[i] as number, numbers[i + 1] as number]));
    const onFront = ends.map((three) =>
      three.map(([x1 = 9, x2 = 9]) => Math.abs(x1) <= 7.1 && Math.abs(x2 + 8.4) < 0.2),
    );
    expect(onFront[0]).toEqual([false, true, false]);
    for (const three of onFront.slice(1)) expect(three).toEqual([true, true, true]);
    // CAGrad alone comes to the least mean from everywhere.
    for (const [x1 = 9] of ends[2] ?? []) expect(Math.abs(x1)).toBeLessThan(0.2);
  },
  'compile-a-step'([eager, compiled, ratio]) {
    // Both losses and the cosine of the gradients, which fall from about 0.3 together.
    for (let i = 0; i < 3; i++) expect(compiled?.[i]).toBeCloseTo(eager?.[i] as number, 4);
    expect(Math.max(...(compiled?.slice(0, 2) ?? []))).toBeLessThan(0.002);
    // How many times faster it is depends on the machine, that it is faster does not.
    expect(ratio?.[0]).toBeGreaterThan(1);
  },
};

it('checks every example', () => {
  const examples = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  expect(Object.keys(checks).sort()).toEqual(examples.map((file) => file.slice(0, -'.ts'.length)).sort());
});

it.each(Object.keys(checks))('%s', async (example) => {
  const lines = (await outputOf(example)).trim().split('\n');
  checks[example]?.(lines.map(numbersIn));
});

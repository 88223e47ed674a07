// Every example runs as its first lines say, from the sources, and prints what is true of its data.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '..');

async function outputOf(example: string): Promise<string> {
  const options = ['--conditions=polytask:source', '--import', 'tsx', `${example}.ts`];
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

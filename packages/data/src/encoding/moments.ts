/** Mean and standard deviation of numbers that come one by one. */
export interface Moments {
  add(value: number): void;
  /** NaN before the first number. */
  mean(): number;
  /** Of the population; 0 for a single number. */
  deviation(): number;
  count(): number;
}

/**
 * Running mean and variance by Welford's method: $m_n = m_{n-1} + (x - m_{n-1}) / n$,
 * $s_n = s_{n-1} + (x - m_{n-1}) (x - m_n)$, variance $s_n / n$. Stable where the mean is large and the spread small.
 *
 * @see B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 4, 1962.
 */
export function moments(): Moments {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return {
    add(value) {
      count += 1;
      const distance = value - mean;
      mean += distance / count;
      squares += distance * (value - mean);
    },
    mean: () => (count === 0 ? Number.NaN : mean),
    deviation: () => (count === 0 ? Number.NaN : Math.sqrt(squares / count)),
    count: () => count,
  };
}

/** A running sum. */
export interface RunningSum {
  add(value: number): void;
  value(): number;
}

/**
 * A sum in float64 whose error does not grow with the number of terms (Neumaier's form of Kahan summation).
 *
 * @see A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54, 1974.
 */
export function compensatedSum(): RunningSum {
  let sum = 0;
  let lost = 0;
  return {
    add(value) {
      const next = sum + value;
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
      sum = next;
    },
    value: () => sum + lost,
  };
}

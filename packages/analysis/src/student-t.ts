/**
 * Student's distribution with a whole number of degrees of freedom, whose distribution function is a finite sum (M. Abramowitz,
 * I. Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4).
 */
export function studentCdf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const odd = degrees % 2 === 1;
  // 1, 1/2, (1·3)/(2·4), … for even degrees; 1, 2/3, (2·4)/(3·5), … times the cosine for odd ones.
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cosine * cosine;
    sum += term;
  }
  const between = odd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
  return (1 + between) / 2;
}

/** Where {@link studentCdf} reaches a share, by bisection. */
export function studentQuantile(share: number, degrees: number): number {
  if (share < 0.5) return -studentQuantile(1 - share, degrees);
  let [low, high] = [0, 1];
  while (studentCdf(high, degrees) < share) high *= 2;
  for (let i = 0; i < 60 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, degrees) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

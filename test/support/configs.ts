/** A small run that is right: two tasks on a few images, one epoch. */
export const smallRun = `data:
  use: multimnist
  size: { train: 96, test: 32 }
tasks:
  - { name: left, type: classification, classes: 10 }
  - { name: right, type: classification, classes: 10 }
sharing:
  use: hard-sharing
  encoder: { use: mlp, units: [8] }
training: { epochs: 1, batchSize: 32 }
`;

/** {@link smallRun} with one text in it replaced; fails where the text is not there. */
export function changed(from: string, to: string, run = smallRun): string {
  if (!run.includes(from)) throw new Error(`The configuration has no ${from}.`);
  return run.replace(from, () => to);
}

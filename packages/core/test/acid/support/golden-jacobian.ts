/** The Jacobian of the golden values: the one that TorchJD and others use in their own tests. */
export const goldenJacobian = [
  [-4, 1, 1],
  [6, 1, 1],
];

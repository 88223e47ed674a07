/** A module of a third party: written without our packages, as plain JavaScript, by the contract alone. */
export const temperedModule = `
export function tempered(options) {
  const { temperature = 1 } = options;
  if (!(temperature > 0)) throw new RangeError('temperature must be above 0');
  return part('loss-weighting', 'tempered', options, {
    bind: () => ({ scalarize: (losses) => losses.div(temperature).sum() }),
  });
}
export const finished = tempered({ temperature: 2 });
export const old = { ...finished, specVersion: 0 };
export const encoder = () => part('encoder', 'identity', {}, { stages: () => [] });
export const nothing = () => undefined;
export const uncompiled = () => part('loss-weighting', 'uncompiled', {}, {
  bind: () => ({ scalarize: (losses, active) => losses.sum().mul(active.unique().values.sum()) }),
});
export const random = () => part('loss-weighting', 'random', {}, {
  bind: () => ({ scalarize: (losses) => losses.mul(Math.random()).sum() }),
});
export const number = 3;
export const echo = (options, context) => ({ ...finished, seen: { options, context } });

function part(kind, name, options, rest) {
  return { kind, name, specVersion: 1, cites: [], options, [Symbol.for('polytask.part')]: true, ...rest };
}
`;

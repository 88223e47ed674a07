import { concat } from '../ir/concat.js';
import type { Graph } from '../ir/graph.js';
import { product } from '../ir/product.js';
import { isConstant, type Spec, sizeOf, type Value } from '../ir/value.js';
import { piecesOf, runsOf, stacked } from './factors.js';

/**
 * How a device tensor is held by other numbers than its own: `leaves` are kept, and `build` says what is made of them. Programs
 * that are fed such a tensor are traced with what `build` gives, so that they make of it just what they need.
 */
export interface HeldForm extends Spec {
  /** The same for forms that are built alike. */
  readonly key: string;
  readonly leaves: readonly Spec[];
  build(graph: Graph, leaves: readonly Value[]): Value;
}

/** A form for an output that is to be held, and the values of its leaves; undefined where it is held best as it is. */
export function heldForm(graph: Graph, value: Value): { form: HeldForm; leaves: readonly Value[] } | undefined {
  if (value.kind === 'uniform') {
    const { shape, dtype, fill } = value;
    const build = (target: Graph) => target.uniform(fill, shape, dtype);
    return { form: { shape, dtype, key: `${dtype} [${shape.join()}] of ${fill}`, leaves: [], build }, leaves: [] };
  }
  return isConstant(value) ? undefined : stackedForm(graph, value);
}

/** Some columns of stacked rows: where their numbers lie among the leaves. */
interface Column {
  readonly size: number;
  /** The leaf with every row's own numbers, from `offset` on. */
  readonly own: number;
  readonly offset: number;
  /** Where the numbers are products: the leaf that all rows have in common, and the shape of a row's own factor. */
  readonly common?: number;
  readonly shape?: readonly number[];
}

/** Gradients of several tasks, held by the factors of their products. */
function stackedForm(graph: Graph, value: Value): ReturnType<typeof heldForm> {
  const pieces = piecesOf(graph, value);
  if (!pieces?.some(({ factors }) => factors)) return undefined;
  const leaves: Value[] = [];
  const place = (leaf: Value): number => {
    const known = leaves.indexOf(leaf);
    return known >= 0 ? known : leaves.push(leaf) - 1;
  };
  const plan = runsOf(graph, pieces).flatMap(({ rows, factors, sizes }): Column[] => {
    if (factors !== undefined) {
      const [size] = sizes as [number];
      const own = place(stacked(graph, factors.own));
      return [{ size, own, offset: 0, common: place(factors.common), shape: (factors.own[0] as Value).shape }];
    }
    const own = place(stacked(graph, rows));
    let offset = 0;
    return sizes.map((size) => {
      offset += size;
      return { size, own, offset: offset - size };
    });
  });
  const specs = leaves.map(({ shape, dtype }) => ({ shape, dtype }));
  const [count] = value.shape as [number];
  const form: HeldForm = {
    shape: value.shape,
    dtype: value.dtype,
    key: JSON.stringify([plan, specs]),
    leaves: specs,
    build(target, given) {
      const rows = Array.from({ length: count }, (_, k) => {
        const parts = plan.map(({ size, own, offset, common: factor, shape = [size] }) => {
          const row = target.slice(given[own] as Value, [k, offset], [1, sizeOf(shape)]);
          if (factor === undefined) return target.reshape(row, [size]);
          const common = given[factor] as Value;
          const back = target.reshape(row, shape);
          return target.reshape(product(target, common, back, true, false), [size]);
        });
        return target.reshape(concat(target, parts, 0), [1, value.shape[1] as number]);
      });
      return concat(target, rows, 0);
    },
  };
  return { form, leaves };
}

import type { Window } from '../ir/window.js';
import type { Builder, OnnxAttributes, Operand } from './builder.js';
import { pad } from './shapes.js';

/** A window as attributes of an ONNX node. */
export function windowAttributes({ size, strides, pads }: Window): OnnxAttributes {
  return { kernel_shape: { ints: size }, strides: { ints: strides }, pads: { ints: pads } };
}

/** Whether the padding is as wide as the window, which ONNX does not have. */
export const isWide = ({ size, pads }: Window) => pads.some((one, i) => one >= (size[i % 2] as number));

/** An image, channels first, with its padding written out; and the window that needs none. */
export function withBorder(builder: Builder, x: Operand, window: Window, value: number, more = 0): [Operand, Window] {
  const [top, left, bottom, right] = window.pads;
  const bordered = pad(builder, x, [0, 0, top, left], [0, 0, bottom + more, right + more], value);
  return [bordered, { ...window, pads: [0, 0, 0, 0] }];
}

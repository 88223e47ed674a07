import { type Encoder, type HeadOption, isPart, requireOption } from '@polytask/core';

/** Throws `POLYTASK_INVALID_OPTION` unless the options that all strategies of this package have are encoders. */
export function requireOptions(options: {
  encoder: Encoder;
  head?: HeadOption;
  adapters?: { readonly [task: string]: Encoder };
}): void {
  const { encoder, head, adapters } = options;
  requireOption(isPart(encoder, 'encoder'), 'encoder', 'an encoder, such as `mlp([64])`', encoder);
  const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  requireOption(head === undefined || isRecord(head), 'head', 'an encoder, or encoders by task name', head);
  requireOption(adapters === undefined || isRecord(adapters), 'adapters', 'encoders by task name', adapters);
}

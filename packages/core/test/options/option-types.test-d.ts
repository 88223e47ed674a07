import { expectTypeOf, it } from 'vitest';
import {
  byTask,
  choice,
  describePart,
  type Encoder,
  either,
  type FilledOptions,
  list,
  number,
  type OptionsOf,
  optional,
  part,
  required,
  text,
  tuple,
  withDefault,
} from '../../src/index.js';

const options = {
  encoder: required(part('encoder'), ''),
  loss: withDefault(choice('mse', 'mae'), 'mse', ''),
  weights: optional(either([choice('balanced'), list(number())]), ''),
  heads: optional(byTask(part('encoder'), 'encoders'), ''),
  labels: optional(tuple([text(), text()]), ''),
};

it('what a user passes, and what a maker gets', () => {
  type Given = OptionsOf<typeof options>;
  expectTypeOf<Given['encoder']>().toEqualTypeOf<Encoder>();
  expectTypeOf<Given['loss']>().toEqualTypeOf<'mse' | 'mae' | undefined>();
  expectTypeOf<Given['weights']>().toEqualTypeOf<'balanced' | readonly number[] | undefined>();
  expectTypeOf<Given['heads']>().toEqualTypeOf<{ readonly [task: string]: Encoder } | undefined>();
  expectTypeOf<Given['labels']>().toEqualTypeOf<readonly [string, string] | undefined>();
  expectTypeOf<{ encoder: Encoder }>().toExtend<Given>();
  expectTypeOf<FilledOptions<typeof options>['loss']>().toEqualTypeOf<'mse' | 'mae'>();
  expectTypeOf<FilledOptions<typeof options>['heads']>().toEqualTypeOf<
    { readonly [task: string]: Encoder } | undefined
  >();
});

it('a factory may be called without options only where none is required', () => {
  const make = () => ({ bind: () => ({}) as never });
  const free = describePart('loss-weighting', { name: 'a', summary: '', options: {}, make });
  expectTypeOf(free).toBeCallableWith();
  expectTypeOf(free).toBeCallableWith({ scale: 'paper' });
  const bound = describePart('loss-weighting', {
    name: 'b',
    summary: '',
    options: { rate: required(number(), '') },
    make,
  });
  // @ts-expect-error `rate` is required.
  bound();
  expectTypeOf(bound).toBeCallableWith({ rate: 1 });
});

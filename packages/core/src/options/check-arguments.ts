import type { InputSpecs } from '../contracts/batch.js';
import type { MultiTaskDataset } from '../contracts/dataset.js';
import { DatasetError } from '../errors/dataset-error.js';
import { requireOption } from '../errors/invalid-option-error.js';
import { listNames } from '../errors/list-names.js';

// What TypeScript says of the entry points, for those who call them from plain JavaScript.

/** Whether something is an object with keys of the caller's: no list, and no array of numbers. */
function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Throws unless options are a mapping. */
export function requireMapping(value: unknown, option: string, what = 'a mapping of options'): void {
  requireOption(isMapping(value), option, what, value);
}

/** Throws unless something is a data set. */
export function requireDataset(value: unknown, option: string): void {
  const isDataset =
    isMapping(value) &&
    isMapping(value.inputs) &&
    Array.isArray(value.columns) &&
    typeof value.open === 'function' &&
    typeof value.batches === 'function';
  requireOption(
    isDataset,
    option,
    'a data set, as `tableDataset` makes it',
    isMapping(value) ? Object.keys(value) : value,
  );
}

/** Throws unless the options of `fit` have the types that they must have; numbers are looked at where they are used. */
export function requireFitOptions(options: unknown): void {
  requireMapping(options, 'options', 'a mapping with `epochs`');
  const given = options as Readonly<Record<string, unknown>>;
  const unless = (name: string, right: (value: never) => boolean, required: string) =>
    requireOption(given[name] === undefined || right(given[name] as never), name, required, given[name]);
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
  unless('evaluationBatchSize', isCount, 'a positive whole number');
  unless('shuffle', (value: unknown) => typeof value === 'boolean', 'true or false');
  unless('lastBatch', (value: unknown) => value === 'keep' || value === 'drop', "'keep' or 'drop'");
  unless('onMetrics', (value: unknown) => typeof value === 'function', 'a function');
  unless('signal', isSignal, 'the `signal` of an AbortController');
  unless('earlyStopping', isMapping, 'a mapping with `patience`');
  unless('callbacks', isCallbacks, 'a list of { stepEnd, epochEnd }, each a function or left out');
  if (given.validation !== undefined) requireDataset(given.validation, 'validation');
}

function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}

function isCallbacks(value: unknown): boolean {
  const isFunction = (one: unknown) => one === undefined || typeof one === 'function';
  // Instances of classes have their functions further up.
  const isOne = (one: unknown) => isMapping(one) && isFunction(one.stepEnd) && isFunction(one.epochEnd);
  return Array.isArray(value) && value.every(isOne);
}

/** Throws unless something has what a checkpoint, or a model, is made of. */
export function requireParts(value: unknown, option: string, names: readonly string[]): void {
  const has = isMapping(value) && names.every((name) => isMapping(value[name]));
  const found = isMapping(value) ? Object.keys(value) : value;
  requireOption(has, option, `a mapping with ${names.map((name) => `\`${name}\``).join(', ')}`, found);
}

/**
 * Throws unless data have every input of the model as the model takes it.
 *
 * @param what - What the data are for: `fit`, `evaluate`.
 */
export function requireInputs(model: InputSpecs, data: MultiTaskDataset, what: string): void {
  for (const [name, spec] of Object.entries(model)) {
    const found = Object.hasOwn(data.inputs, name) ? data.inputs[name] : undefined;
    if (found === undefined) {
      throw new DatasetError(
        `The data of \`${what}\` must have the model's input \`${name}\`, but have ${listNames(Object.keys(data.inputs))}.`,
      );
    }
    const same = found.dtype === spec.dtype && found.shape.join() === spec.shape.join();
    const allowed = spec.categories ?? [];
    const ids = found.categories ?? [];
    const fits = ids.length === allowed.length && ids.every((count, place) => count <= (allowed[place] as number));
    if (same && fits) continue;
    throw new DatasetError(
      `The data of \`${what}\` must have input \`${name}\` as the model takes it, ${show(spec)}, but it is ${show(found)}.`,
    );
  }
}

function show({ dtype, shape, categories }: InputSpecs[string]): string {
  const ids = categories === undefined ? '' : ` with [${categories.join(', ')}] categories`;
  return `${dtype} [${shape.join(', ')}]${ids}`;
}

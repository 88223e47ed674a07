import type { InputSpec, PrologueInput } from '@polytask/core';
import { type OnnxPrologue, onnxPrologue } from '@polytask/data';
import type { SavedModel } from '@polytask/experiment';
import { requireTable } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { plainTable } from '../report/table.js';

/** What an exported model takes: the columns of a table, or what the network gets of them. */
export type InputForm = 'raw' | 'encoded';

/**
 * What encodes raw columns in an exported model; undefined where the model takes encoded inputs.
 *
 * @param wanted - As the user said it; otherwise raw where the model learned from a table.
 * @throws InputError where raw columns are asked for and the model has none, or what it says of them does not fit it.
 */
export function prologueOf(saved: SavedModel, folder: string, wanted: InputForm | undefined): OnnxPrologue | undefined {
  if (wanted === 'encoded') return undefined;
  if (saved.table !== undefined) return onnxPrologue(requireTable(saved, folder, 'export'));
  if (wanted === undefined) return undefined;
  const message = 'this model did not learn from a table, so its inputs are no columns; leave the option out';
  throw new InputError([{ where: '--inputs raw', message }]);
}

/** Inputs of an exported model by name. */
export type FedInputs = { readonly [name: string]: InputSpec | PrologueInput };

/** What is fed: what a prologue takes, and the model's inputs that it does not make. */
export function fedInputs({ inputs }: SavedModel, prologue: OnnxPrologue | undefined): FedInputs {
  if (prologue === undefined) return inputs;
  const others = Object.entries(inputs).filter(([name]) => !Object.hasOwn(prologue.outputs, name));
  return { ...prologue.inputs, ...Object.fromEntries(others) };
}

/** The SQL whose columns a model takes, where its run file has one. */
export function sqlOf({ config }: SavedModel): string | undefined {
  const { sql } = config.data as { sql?: unknown };
  return typeof sql === 'string' ? sql : undefined;
}

/** What goes into an exported model, for people. */
export function describeInputs(inputs: FedInputs, prologue: OnnxPrologue | undefined, rows: number | 'rows'): string[] {
  if (prologue === undefined) {
    const shown = Object.entries(inputs).map(([name, { shape, dtype }]) => `${name} ${dtype} ${shapeOf(shape, rows)}`);
    return [`Inputs: ${shown.join('; ')}`];
  }
  const cells = Object.entries(inputs).map(([name, input]) => [
    `  ${name}`,
    `${input.dtype} ${shapeOf(input.shape, rows)}`,
    meaningOf(input as PrologueInput),
  ]);
  const [head = [], ...others] = cells;
  const encoded = prologue.encoded.map(({ column, reason }) => `\`${column}\` has to be encoded already: ${reason}.`);
  const refused = prologue.refused === undefined ? [] : ['Rows that are refused have NaN for predictions.'];
  return ['Inputs:', ...plainTable(head, others, 'left'), ...encoded, ...refused];
}

const shapeOf = (shape: readonly number[], rows: number | 'rows') => `[${[rows, ...shape].join(', ')}]`;

/** What a column holds, and what stands for no value. */
function meaningOf({ type, missing, unit, values, encoded, noValue }: PrologueInput): string {
  if (typeof type !== 'string') return '';
  if (encoded === true) return `${type}, encoded`;
  const what = { number: '', boolean: ', 1 or 0', date: `, ${unit}`, text: '' }[type];
  const known = Array.isArray(values) ? `, ${values.length} known` : '';
  const refused = missing === 'error' ? ', which is refused' : '';
  return `${type}${what ?? known}; ${noValue === '' ? 'empty' : noValue} if missing${refused}`;
}

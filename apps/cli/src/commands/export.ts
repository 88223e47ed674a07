import { join, resolve } from 'node:path';
import { exportLayersModel, exportOnnx } from '@polytask/compiler';
import { type AnyTask, PolytaskError, type Trainer } from '@polytask/core';
import type { OnnxPrologue } from '@polytask/data';
import { type ExportFiles, linksIn, loadModel, shownPath, whyNotExported, writeExport } from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { describeInputs, fedInputs, type InputForm, prologueOf, sqlOf } from '../export/raw-inputs.js';
import { type Io, print, printJson } from '../io.js';
import { formatBytes } from '../report/format.js';

/** What models can be written as: what people call it, where it goes, and its files, that by which it is opened first. */
const formats = {
  onnx: { title: 'ONNX', place: 'model.onnx', files: [''] },
  tfjs: { title: 'tfjs layers model', place: 'tfjs', files: ['model.json', 'weights.bin'] },
} as const;

/** Options of `polytask export`, as the command line gives them. */
export interface ExportOptions {
  readonly format: keyof typeof formats;
  readonly output?: string;
  readonly batch?: string;
  readonly inputs?: InputForm;
  readonly force?: boolean;
  readonly plugins?: readonly string[];
  readonly json?: boolean;
}

/**
 * Writes the model of a finished run as files that other programs read.
 *
 * @throws InputError where there is no such model, or where it would go something is already.
 */
export async function exportModel(folder: string, options: ExportOptions, io: Io): Promise<void> {
  const { format, output, force = false } = options;
  const { title, place, files: names } = formats[format];
  const batch = batchOf(options);
  const form = format === 'onnx' ? options.inputs : encodedOnly(options);
  const path = resolve(io.cwd, output ?? join(folder, place));
  const problem = await whyNotExported(path, names, force);
  const where = output === undefined ? shownPath(path, io.cwd) : `--output ${output}`;
  if (problem !== undefined) throw new InputError([{ where, message: problem }]);
  const home = resolve(io.cwd, folder);
  const links =
    output === undefined ? await linksIn(home, folder, { [place]: format === 'onnx' ? 'file' : 'folder' }) : [];
  if (links.length > 0) throw new InputError(links);

  const { trainer, saved } = await loadModel({ folder, cwd: io.cwd, plugins: options.plugins });
  try {
    const prologue = prologueOf(saved, folder, form);
    const sql = prologue === undefined ? undefined : sqlOf(saved);
    const files = await filesOf(trainer, format, { batch, prologue, sql });
    const inputs = fedInputs(saved, prologue);
    await writeExport(path, files);
    const written = names.map((name) => ({
      file: name === '' ? path : join(path, name),
      bytes: Buffer.byteLength(files[name] as Uint8Array),
    }));
    if (options.json === true) {
      const tasks = trainer.tasks.map(({ name, type }) => ({ name, type }));
      const encoded = prologue === undefined ? {} : { encoded: prologue.encoded };
      const document = { status: 'done', format, folder, files: written, batch, inputs, ...encoded, tasks };
      printJson(io.stdout, document);
      return;
    }
    print(io.stdout, `${title} of ${folder}:`);
    for (const { file, bytes } of written) print(io.stdout, `  ${shownPath(file, io.cwd)} (${formatBytes(bytes)})`);
    for (const line of describeInputs(inputs, prologue, batch === 'dynamic' ? 'rows' : batch)) print(io.stdout, line);
    if (sql !== undefined)
      print(io.stdout, "They are columns that the run file's `sql` makes; the file has it in its metadata.");
    print(io.stdout, `Outputs: ${trainer.tasks.map(({ name, type }) => `${name} (${type})`).join(', ')}`);
  } finally {
    trainer.dispose();
  }
}

/** Layers of tfjs take numbers alone. */
function encodedOnly({ inputs }: ExportOptions): 'encoded' {
  if (inputs !== 'raw') return 'encoded';
  throw new InputError([{ where: '--inputs raw', message: 'only ONNX models can take raw columns' }]);
}

/** What an ONNX model has besides the network. */
interface OnnxParts {
  readonly batch: number | 'dynamic';
  readonly prologue: OnnxPrologue | undefined;
  readonly sql: string | undefined;
}

/** The files of a model in memory; what the compiler's errors advise in code is said in options as well. */
async function filesOf(
  trainer: Trainer<readonly AnyTask[]>,
  format: ExportOptions['format'],
  { batch, prologue, sql }: OnnxParts,
): Promise<ExportFiles> {
  try {
    if (format === 'tfjs') return { ...(await exportLayersModel(trainer)) };
    const metadata = sql === undefined ? {} : { 'polytask.sql': sql };
    return { '': await exportOnnx(trainer, { batch, metadata, ...(prologue === undefined ? {} : { prologue }) }) };
  } catch (error) {
    const option = PolytaskError.isInstance(error) ? ways[error.code] : undefined;
    if (option === undefined) throw error;
    const { code, message } = error as PolytaskError;
    throw new PolytaskError(code, `${message} Here: \`${option}\`.`, { cause: error });
  }
}

/** The option that does what an error of the compiler advises. */
const ways: { readonly [code: string]: string } = {
  POLYTASK_EXPORT_BATCH: '--batch 32',
  POLYTASK_EXPORT_LAYERS: '--format onnx',
};

/** As in a run file. */
const largestBatch = 2 ** 20;

/** Rows per run, where the user fixes them. */
function batchOf({ batch, format }: ExportOptions): number | 'dynamic' {
  if (batch === undefined) return 'dynamic';
  const where = `--batch ${batch}`;
  if (format !== 'onnx') throw new InputError([{ where, message: 'only ONNX models can have a fixed number of rows' }]);
  if (/^[1-9]\d*$/.test(batch) && Number(batch) <= largestBatch) return Number(batch);
  const expected = `expected a whole number from 1 to ${largestBatch}`;
  throw new InputError([{ where, message: `found ${JSON.stringify(batch)}, ${expected}` }]);
}

import { basename, join, resolve } from 'node:path';
import { PolytaskError } from '@polytask/core';
import {
  begunConfig,
  compareData,
  drawPage,
  linksIn,
  measurePart,
  openModel,
  pngMaker,
  prepareData,
  type ReadDocument,
  type ReportedRun,
  readDocument,
  readMetrics,
  readSavedModel,
  reportSections,
  shownPath,
  whyNotExported,
  writeExport,
} from '@polytask/experiment';
import { InputError } from '@polytask/experiment/early';
import { type Io, print, printJson } from '../io.js';
import { formatBytes } from '../report/format.js';

/** Options of `polytask report`, as the command line gives them. */
export interface ReportOptions {
  readonly output?: string;
  readonly png?: string;
  readonly force?: boolean;
  readonly plugins?: readonly string[];
  readonly json?: boolean;
}

/**
 * Writes a page about runs: what `run.json` and `metrics.jsonl` say, and what the models answer for their test rows, where data and model can
 * be had.
 *
 * @throws InputError where a folder is no run, or where it would go something is already.
 */
export async function report(
  folders: readonly string[],
  options: ReportOptions,
  io: Io,
): Promise<'done' | 'interrupted'> {
  const place = await placeOf(folders, options, io);
  const names = namesOf(folders);
  const runs: ReportedRun[] = [];
  for (const [index, folder] of folders.entries()) {
    if (io.signal.aborted) return 'interrupted';
    const path = resolve(io.cwd, folder);
    const read = await readDocument(path, folder);
    const lines = await readMetrics(path).catch((error: unknown) => {
      if (error instanceof InputError) return [];
      throw error;
    });
    runs.push({
      name: names[index] ?? folder,
      document: read.document,
      lines,
      answers: await answersOf(folder, read, options, io),
    });
  }
  if (io.signal.aborted) return 'interrupted';
  const page = await drawPage({
    title: folders.length === 1 ? `Report of ${names[0]}` : `Report of ${folders.length} runs`,
    subtitle: runs.map(({ document }) => `${document.name}, ${document.started.slice(0, 10)}`).join('; '),
    sections: reportSections(runs),
  });
  const pictures = options.png === undefined ? undefined : await pngFiles(options.png, page.pictures, options, io);
  await writeExport(place.path, { '': page.html });
  const files = [{ file: place.path, bytes: Buffer.byteLength(page.html) }];
  if (pictures !== undefined) {
    await writeExport(pictures.path, pictures.files);
    for (const [name, content] of Object.entries(pictures.files))
      files.push({ file: join(pictures.path, name), bytes: content.length });
  }
  const leftOut = runs.flatMap(({ name, answers }) =>
    'reason' in answers ? [{ run: name, reason: answers.reason }] : [],
  );
  if (options.json === true) {
    printJson(io.stdout, { status: 'done', folders, files, leftOut });
    return 'done';
  }
  print(
    io.stdout,
    `Report of ${names.join(', ')}: ${shownPath(place.path, io.cwd)} (${formatBytes(files[0]?.bytes ?? 0)})`,
  );
  if (pictures !== undefined) print(io.stdout, `Pictures: ${files.length - 1} in ${shownPath(pictures.path, io.cwd)}`);
  for (const { run, reason } of leftOut) print(io.stdout, `Without answers for the test rows of ${run}: ${reason}`);
  return 'done';
}

/** Where the page goes. */
async function placeOf(
  folders: readonly string[],
  { output, force = false }: ReportOptions,
  { cwd }: Io,
): Promise<{ readonly path: string }> {
  const [first = '.'] = folders;
  const twice = folders.find(
    (folder, index) => folders.findIndex((one) => resolve(cwd, one) === resolve(cwd, folder)) < index,
  );
  if (twice !== undefined)
    throw new InputError([{ where: twice, message: 'this run is named twice; name every run once' }]);
  const usual = folders.length === 1 ? join(first, 'report.html') : 'report.html';
  const path = resolve(cwd, output ?? usual);
  const where = output === undefined ? shownPath(path, cwd) : `--output ${output}`;
  if (!/\.html?$/i.test(path)) throw new InputError([{ where, message: 'the name must end in .html' }]);
  const problem = await whyNotExported(path, [''], force);
  if (problem !== undefined) throw new InputError([{ where, message: problem }]);
  // What is not a folder is refused where it is read.
  const links =
    output === undefined && folders.length === 1
      ? await linksIn(resolve(cwd, first), first, { 'report.html': 'file' })
      : [];
  if (links.length > 0) throw new InputError(links);
  return { path };
}

/** The last part of every path, or the whole where two are the same. */
function namesOf(folders: readonly string[]): string[] {
  const short = folders.map((folder) => basename(resolve(folder)));
  return new Set(short).size === short.length ? short : [...folders];
}

/** What a model answers for the test rows of its run; or why that cannot be had. */
async function answersOf(
  folder: string,
  read: ReadDocument,
  options: ReportOptions,
  io: Io,
): Promise<ReportedRun['answers']> {
  const { document } = read;
  if (document.joint?.tasks === undefined) return { reason: 'the run has no results yet.' };
  try {
    const saved = await readSavedModel({ folder, cwd: io.cwd, plugins: options.plugins });
    const loaded = begunConfig(read, saved.code);
    if (loaded.mistakes.mistakes.length > 0) throw new InputError(loaded.mistakes.mistakes);
    const data = await prepareData(loaded, io.signal);
    await compareData(data, document, folder);
    const { name: backend, threads = saved.config.threads } = document.backend;
    const { trainer } = await openModel(saved, { backend, threads }, folder, () => {});
    try {
      return await measurePart(trainer, data.test);
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    if (!(error instanceof InputError) && !PolytaskError.isInstance(error)) throw error;
    return { reason: error.message.split('\n')[0] ?? '' };
  }
}

async function pngFiles(
  folder: string,
  pictures: readonly { readonly title: string; readonly svg: string }[],
  { force = false }: ReportOptions,
  { cwd }: Io,
): Promise<{ readonly path: string; readonly files: { readonly [name: string]: Uint8Array } }> {
  const where = `--png ${folder}`;
  const path = resolve(cwd, folder);
  const names = pictures.map(({ title }, index) => {
    const words = title
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 60);
    return `${String(index + 1).padStart(2, '0')}${words === '' ? '' : `-${words}`}.png`;
  });
  const problem = await whyNotExported(path, names, force);
  if (problem !== undefined) throw new InputError([{ where, message: problem }]);
  const draw = await pngMaker(where);
  return { path, files: Object.fromEntries(pictures.map(({ svg }, index) => [names[index] ?? '', draw(svg)])) };
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularText } from '@polytask/core/node';
import { expectedWords, explainIssues } from '../config/explain-issues.js';
import { isMapping, showValue } from '../config/paths.js';
import type { Positions } from '../config/positions.js';
import { readYaml } from '../config/read-yaml.js';
import { InputError } from '../errors/mistakes.js';
import { type MetricsLine, type RunDocument, runDocumentSchema, runFormat } from './document.js';
import { metricsOf } from './metrics-file.js';

/** `run.json` of a folder, and where in it the configuration stands. */
export interface ReadDocument {
  readonly document: RunDocument;
  /** The file, as messages show it. */
  readonly file: string;
  /** Of what is under `given`: all of it begins there. */
  readonly positions: Positions;
}

/**
 * Reads what a run folder says about its run.
 *
 * @param folder - From the root of the disk.
 * @param shown - The folder as the user wrote it.
 * @throws InputError where it is no run folder, or its `run.json` is not one.
 */
export async function readDocument(folder: string, shown: string): Promise<ReadDocument> {
  const file = join(shown, 'run.json');
  const refuse = (message: string, where = file) => new InputError([{ where, message }]);
  const kind = await stat(folder).catch(() => undefined);
  if (kind === undefined) throw refuse('there is no such folder', shown);
  if (!kind.isDirectory()) throw refuse('this is a file; name a run folder, as `polytask train` leaves it', shown);
  const text = await readRegularText(join(folder, 'run.json'), { most: largest }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT')
        throw refuse(
          'there is no run.json in this folder, so no run has begun here; begin one with `polytask train`',
          shown,
        );
      throw refuse(error.message);
    },
  );
  const value = parseJson(text);
  if (!isMapping(value) || !isMapping(value.given)) throw refuse('this does not describe a run of Polytask');
  if (isDeeper(value, deepest)) throw refuse(`this is nested more than ${deepest} levels deep`);
  // The configuration once more by the rules for what comes from elsewhere.
  const yaml = readYaml(JSON.stringify(value.given), file);
  if (yaml.mistakes.length > 0) throw new InputError(yaml.mistakes);
  if (value.format !== runFormat) {
    const found = `found version ${showValue(value.format)} of this file`;
    throw refuse(`${found}, and this version of Polytask goes on with runs of version ${runFormat}`);
  }
  const checked = runDocumentSchema.safeParse(value, { error: expectedWords });
  if (!checked.success) {
    const problems = explainIssues(checked.error.issues, value);
    throw new InputError(problems.map(({ message }) => ({ where: file, message })));
  }
  const given = {
    line:
      Math.max(
        0,
        text.split('\n').findIndex((line) => /^\s*"given":/.test(line)),
      ) + 1,
    column: 1,
  };
  return {
    document: { ...value, given: yaml.value } as unknown as RunDocument,
    file,
    positions: { ofOffset: () => given, valueAt: () => given, keyAt: () => undefined, depthOf: ({ length }) => length },
  };
}

/**
 * Reads the epochs of a run, as far as it has come.
 *
 * @param folder - The run folder.
 * @returns The whole lines of its `metrics.jsonl` that are right; a run that is being trained may be in the middle of one.
 * @throws InputError where there is no such file.
 * @example
 * ```ts no-run needs a run
 * import { readMetrics } from '@polytask/experiment';
 *
 * for (const { network, epoch, tasks } of await readMetrics('runs/run-1')) console.log(network, epoch, tasks);
 * ```
 */
export async function readMetrics(folder: string): Promise<MetricsLine[]> {
  const file = join(folder, 'metrics.jsonl');
  const text = await readRegularText(file).catch((error: NodeJS.ErrnoException) => {
    const message = error.code === 'ENOENT' ? 'there is no such file; no epoch of a run has ended here' : error.message;
    throw new InputError([{ where: file, message }]);
  });
  return metricsOf(text).flatMap(({ line }) => (line === undefined ? [] : [line]));
}

const deepest = 64;

/** Bytes of a run.json; ours have some thousands. */
const largest = 2 ** 26;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

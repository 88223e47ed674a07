import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  type AnyTask,
  type AuxiliaryObjective,
  type Checkpoint,
  createTrainer,
  type Executor,
  eager,
  type InputSpecs,
  PolytaskError,
  type TrainedModel,
  type Trainer,
} from '@polytask/core';
import { loadCheckpoint, readRegularText } from '@polytask/core/node';
import * as z from 'zod';
import { useBackend } from '../backend/backends.js';
import { type CodePlaces, codePlaces } from '../code/code-places.js';
import { didYouMean, expectedWords, explainIssues } from '../config/explain-issues.js';
import { isMapping, type Path, showPath } from '../config/paths.js';
import { type Config, configSchema } from '../config/schema.js';
import { InputError, type Mistake } from '../errors/mistakes.js';
import { buildModel } from '../parts/network.js';
import { tasksWithThreshold, withThresholds } from '../parts/thresholds.js';

/** The joint network of a finished run, ready to predict, measure and export. */
export interface LoadedModel {
  /** Its loader disposes of it. */
  readonly trainer: Trainer<readonly AnyTask[]>;
  /** The run's, with its defaults. */
  readonly config: Config;
  readonly saved: SavedModel;
}

/** Where a model is. */
export interface ModelRequest {
  /** The run folder as the user wrote it. */
  readonly folder: string;
  /** The folder that `folder` is seen from. */
  readonly cwd: string;
  /** Folders that parts of the model may be loaded from, as the user wrote them. */
  readonly plugins?: readonly string[] | undefined;
  /** By task, from which probability on the answer is yes, in the place of what the model has; `auto` is still to be found. */
  readonly thresholds?: { readonly [task: string]: number | 'auto' };
}

/** A model that has been read and found to be one; nothing is computed yet. */
export interface SavedModel {
  readonly config: Config;
  /** Of one row. */
  readonly inputs: InputSpecs;
  /** How raw rows become inputs, where the model learned from a table; as it stands in the file, not checked. */
  readonly table: unknown;
  /** How files were read that it learned from; as it stands in the file, not checked. Models of older versions have none. */
  readonly reading?: unknown;
  /** From where parts of the model may be loaded: nothing in the run folder has a say in it. */
  readonly code: CodePlaces;
  /**
   * Builds the network on the backend that is set.
   *
   * @param inspected - Whether auxiliary objectives are there too, to say what they find of rows. Default false.
   */
  build(executor: Executor, inspected?: boolean): Promise<Trainer<readonly AnyTask[]>>;
}

/**
 * Builds the network that a run has trained from the run folder alone, on tfjs' cpu backend: `model.safetensors` has its
 * configuration, its inputs, what the tasks learned from their labels, and its variables.
 *
 * @throws InputError where there is no such model, it is damaged, or a part of it is not there any more.
 */
export async function loadModel(request: ModelRequest): Promise<LoadedModel> {
  const saved = await readSavedModel(request);
  await useBackend('cpu', saved.code);
  return { trainer: await saved.build(eager()), config: saved.config, saved };
}

/**
 * Reads and checks the model of a run; {@link loadModel} for those who choose what computes.
 *
 * @throws InputError where there is no such model, or it is damaged; `build` where a part of it is not there any more.
 */
export async function readSavedModel({ folder, cwd, plugins, thresholds = {} }: ModelRequest): Promise<SavedModel> {
  const path = resolve(cwd, folder);
  const code = codePlaces({ cwd, runFolder: folder, plugins });
  const file = join(folder, 'model.safetensors');
  const refuse = (message: string, where = file): InputError => new InputError([{ where, message }]);
  const [run, saved] = await Promise.all([readRun(path), readModel(path).catch((error: unknown) => error as Error)]);
  if (saved instanceof Error) throw refuse(await whyNoModel(path, run, saved), folder);
  const { config: trained, ...facts } = checkModel(saved, file);
  requireThresholds(trained.tasks, thresholds);
  const config = { ...trained, tasks: withThresholds(trained.tasks, thresholds) };
  const { inputs } = facts;
  const home = typeof run.file === 'string' ? dirname(run.file) : path;
  // What is learned for balancing and by auxiliary objectives is no part of the model, unless these are there too.
  const variablesOf = (auxiliary: readonly AuxiliaryObjective[] = []) => {
    const kept = auxiliary.map(({ name }) => name);
    const isBeside = (path: string) => {
      const [kind, part = ''] = path.split('/');
      const names = [part, part.replace(/-\d+$/, '')];
      return kind === 'balancing' || (kind === 'auxiliary' && !names.some((name) => kept.includes(name)));
    };
    return Object.fromEntries(Object.entries(saved.tensors).filter(([path]) => !isBeside(path)));
  };
  return {
    config,
    inputs,
    table: saved.state.table,
    reading: saved.state.reading,
    code,
    async build(executor, inspected = false) {
      const mistakes: Mistake[] = [];
      const report = (at: Path, { message }: PolytaskError) =>
        mistakes.push({ where: `${file}: ${showPath(['config', ...at])}`, message });
      const network = await buildModel(config, { folder: home, code, totalSteps: 1 }, report, inspected);
      if (network === undefined) throw new InputError(mistakes);
      const trainer = await createTrainer({ ...network, executor, seed: config.seed });
      try {
        await trainer.loadModel({ ...facts, variables: variablesOf(network.auxiliary) });
        return trainer;
      } catch (error) {
        trainer.dispose();
        if (PolytaskError.isInstance(error)) throw refuse(error.message);
        throw error;
      }
    },
  };
}

/** @throws InputError for tasks that there are not, or that have no threshold. */
function requireThresholds(tasks: Config['tasks'], thresholds: NonNullable<ModelRequest['thresholds']>): void {
  const having = tasksWithThreshold(tasks);
  for (const name of Object.keys(thresholds)) {
    if (having.includes(name)) continue;
    const problem = (tasks as unknown as readonly { readonly name: string }[]).some((task) => task.name === name)
      ? `task \`${name}\` has no threshold`
      : `there is no task \`${name}\``;
    const message = `${problem}; expected one of ${having.join(', ') || 'none, as no task is a yes or no'}${didYouMean(name, having)}`;
    throw new InputError([{ where: `--threshold ${name}`, message }]);
  }
}

const count = z.int().min(0);

/** Numbers in a row of an input; a file that has more is an attempt on the memory. */
const largestRow = 2 ** 28;

/** What is in the file besides variables; loose, since later versions may have more to say. */
const modelSchema = z.looseObject({
  config: configSchema,
  inputs: z.record(
    z.string(),
    z.looseObject({
      shape: z.array(count).refine((shape) => shape.reduce((size, n) => size * n, 1) <= largestRow, 'a smaller row'),
      dtype: z.enum(['float32', 'int32']),
      categories: z.array(count).exactOptional(),
    }),
  ),
  constants: z.record(z.string(), z.record(z.string(), z.union([z.number(), z.array(z.number())]))),
  reached: z
    .object({
      step: count,
      epoch: count,
      totalSteps: count.nullable(),
      totalEpochs: count.nullable(),
      stepsPerEpoch: count.nullable(),
    })
    .exactOptional(),
  perTask: z.boolean().exactOptional(),
});

interface ModelFacts extends Omit<TrainedModel, 'variables'> {
  readonly config: Config;
}

/** The file may come from anywhere: nothing is made of it before all of it is as it should be. */
function checkModel({ state }: Checkpoint, file: string): ModelFacts {
  const checked = modelSchema.safeParse(state, { error: expectedWords });
  if (checked.success) {
    const { config, inputs, constants, reached, perTask } = checked.data;
    return { config, inputs, constants, reached, perTask } as ModelFacts;
  }
  throw new InputError(
    explainIssues(checked.error.issues, state).map(({ message }) => ({
      where: file,
      message: `in this model ${message}`,
    })),
  );
}

function readModel(path: string): Promise<Checkpoint> {
  return loadCheckpoint(join(path, 'model.safetensors'));
}

/** What run.json says, as far as it can be read. */
async function readRun(path: string): Promise<{ readonly file?: unknown; readonly status?: unknown }> {
  try {
    const document: unknown = JSON.parse(await readRegularText(join(path, 'run.json')));
    return isMapping(document) ? document : {};
  } catch {
    return {};
  }
}

async function whyNoModel(path: string, { status }: { readonly status?: unknown }, error: Error): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'there is no such folder; name the folder of a run, such as `runs/run-1`';
  if (!found.isDirectory()) return 'this is a file; name the folder of a run, such as `runs/run-1`';
  const missing = ((error.cause ?? {}) as NodeJS.ErrnoException).code === 'ENOENT';
  if (!missing) return error.message;
  if (typeof status !== 'string') return 'this is not the folder of a run: it has no run.json and no model.safetensors';
  return `this run has no model.safetensors, which is written when training is over; its status is \`${status}\``;
}

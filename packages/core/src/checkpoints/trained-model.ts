import type { DeviceTensor } from '../contracts/executor.js';
import { firstStep } from '../contracts/loss-weighting.js';
import type { Segment } from '../contracts/parameters.js';
import type { TrainedModel } from '../contracts/trained-model.js';
import { momentaryReader } from '../training/parameter-reader.js';
import { type Run, settled } from '../training/run.js';
import { CheckpointError } from './checkpoint-error.js';

/** The model of a run as it is between two steps. */
export async function modelOf(run: Run): Promise<TrainedModel> {
  await settled(run);
  const { model, runtime, constants, description } = run;
  const { segments, stateSegments } = model.layout;
  const reader = momentaryReader(model.layout, runtime.session, runtime.parameters);
  const facts = structuredClone({ inputs: model.inputs, constants, reached: runtime.reached });
  const variables = await Promise.all(
    [...segments, ...stateSegments].map(async ({ path }) => [path, await reader.read(path)] as const),
  );
  return {
    ...facts,
    variables: Object.fromEntries(variables),
    ...(description.perTask ? { perTask: true } : {}),
  };
}

/** How many numbers a model may have that is built for these variables: enough to say what differs, not enough to do harm. */
export function roomFor({ variables }: Pick<TrainedModel, 'variables'>): number {
  return 4 * Object.values(variables).reduce((sum, { data }) => sum + data.length, 0) + 1_000_000;
}

/**
 * Fills the variables of a fresh run.
 *
 * @throws CheckpointError (`POLYTASK_CHECKPOINT`) where variables are missing, unknown, of another shape, or not finite.
 */
export function fillModel(
  { model, runtime }: Run,
  { variables, reached = firstStep }: Pick<TrainedModel, 'variables' | 'reached'>,
): void {
  const { layout } = model;
  const known = new Set([...layout.segments, ...layout.stateSegments].map(({ path }) => path));
  const unknown = Object.keys(variables).find((path) => !known.has(path));
  if (unknown !== undefined) throw otherModel(`it has a variable \`${unknown}\`, which this model has not`);
  const { session, parameters } = runtime;
  runtime.reached = { ...firstStep, ...reached };
  const fill = (target: DeviceTensor, segments: readonly Segment[], size: number) => {
    const data = new Float32Array(size);
    for (const segment of segments) data.set(variableOf(variables, segment), segment.offset);
    session.write(target, { data, shape: [size] });
  };
  fill(parameters.values, layout.segments, layout.size);
  fill(parameters.state, layout.stateSegments, layout.stateSize);
}

function variableOf(variables: TrainedModel['variables'], { path, shape }: Segment): ArrayLike<number> {
  const found = Object.hasOwn(variables, path) ? variables[path] : undefined;
  if (found === undefined) throw otherModel(`it has no variable \`${path}\``);
  if (found.shape.join() !== shape.join()) {
    throw otherModel(`its variable \`${path}\` is [${found.shape.join(', ')}], not [${shape.join(', ')}]`);
  }
  const wrong = found.data.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return found.data;
  throw new CheckpointError(
    `All numbers of a model must be finite, but in its variable \`${path}\` number ${wrong} is ${found.data[wrong]}. ` +
      'The file is damaged, or its training failed; take another model.',
  );
}

function otherModel(difference: string): CheckpointError {
  return new CheckpointError(
    `This is the model of other tasks or strategies: ${difference}. Make the trainer with those that it was saved from.`,
  );
}

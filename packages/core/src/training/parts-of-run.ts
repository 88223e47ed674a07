import type { Batch } from '../contracts/batch.js';
import type { Lifecycle } from '../contracts/description.js';
import type { EpochEnd, EpochSummary, StepInfo } from '../contracts/loss-weighting.js';
import { prefixed } from './batch-feeds.js';
import { momentaryReader } from './parameter-reader.js';
import { openProbe } from './primitives.js';
import type { Run } from './run.js';
import type { Runtime } from './runtime.js';

/** Every strategy of a run under the name by which the history knows it. */
function partsOf({
  model,
  description,
  schedule,
}: Run): readonly { readonly name: string; readonly bound: Lifecycle & EpochEnd }[] {
  const { sharing, auxiliaries, balancing, observers } = model;
  return [
    { name: description.sharing.name, bound: sharing },
    ...auxiliaries,
    { name: description.balancing.name, bound: balancing.bound },
    ...(schedule === undefined || description.schedule === undefined
      ? []
      : [{ name: description.schedule.name, bound: schedule }]),
    ...observers,
  ];
}

/** Asks those parts that record something of every step; undefined where none does. */
export function loggerOf(run: Run): (() => Record<string, number>) | undefined {
  const logging = partsOf(run).filter(({ bound }) => bound.log !== undefined);
  if (logging.length === 0) return undefined;
  return () =>
    Object.assign({}, ...logging.map(({ name, bound }) => prefixed(name, bound.log?.() ?? {}))) as Record<
      string,
      number
    >;
}

/** Lets parts look back at an epoch; gives what they record of it. */
export async function epochEnds(run: Run, summary: EpochSummary): Promise<Record<string, number>> {
  const { model, runtime } = run;
  const reader = momentaryReader(model.layout, runtime.session, runtime.parameters);
  const found: Record<string, number> = {};
  for (const { name, bound } of partsOf(run)) {
    const recorded = await bound.epochEnd?.(summary, reader);
    if (typeof recorded === 'object') Object.assign(found, prefixed(name, recorded));
  }
  return found;
}

/** Lets the observers look whose turn it is, before the step. */
export async function probe(runtime: Runtime, info: StepInfo, batch: Batch): Promise<void> {
  for (const { name, interval, bound } of runtime.model.observers) {
    if (bound.probe === undefined || info.step % interval !== 0) continue;
    const scope = openProbe(runtime, info, batch, `observer/${name}`);
    try {
      await bound.probe(scope.primitives);
    } finally {
      scope.end();
    }
  }
}

import { createTrainer, type Executor, type MultiTaskDataset, type Trainer, type TrainerOptions } from '@polytask/core';
import { defineExecutor, type ExecutorSession } from '@polytask/core/executors';
import type { Contender } from '../measure.js';

/** A trainer that takes one step at a time. */
export interface SteppedTrainer extends Contender {
  /** Milliseconds inside programs, of every step since the last call. */
  spent(): number[];
  /** How long the first run of the step's programs took: tracing and compiling included. */
  readonly firstStep: number;
  readonly trainer: Trainer<TrainerOptions<never>['tasks']>;
  stop(): Promise<void>;
}

/** Starts training endlessly and holds it after the first step; from then on it goes on step by step. */
export async function steppedTrainer(
  name: string,
  options: TrainerOptions<readonly never[]>,
  dataset: MultiTaskDataset,
  batchSize: number,
): Promise<SteppedTrainer> {
  const clock = { inPrograms: 0, steps: [] as number[] };
  const trainer = await createTrainer({ ...options, executor: clocked(options.executor as Executor, clock) });
  const abort = new AbortController();
  const gate = createGate();
  const fitting = trainer.fit(paced(dataset, gate), {
    epochs: 1_000_000,
    batchSize,
    lastBatch: 'drop',
    signal: abort.signal,
  });
  // An error while it trains ends the wait for the step that caused it.
  const failed = fitting.then(() => {});
  failed.catch(() => {});
  const step = async () => {
    clock.inPrograms = 0;
    await Promise.race([gate.pass(), failed]);
    clock.steps.push(clock.inPrograms);
  };
  await Promise.race([gate.arrived(), failed]);
  const start = performance.now();
  await step();
  const firstStep = performance.now() - start;
  return {
    name,
    firstStep,
    trainer: trainer as never,
    step,
    spent: () => clock.steps.splice(0),
    async stop() {
      abort.abort();
      gate.open();
      await fitting;
      trainer.dispose();
    },
  };
}

/** A step that the benchmark waits for ends where the next one begins: when the trainer asks for the next batch. */
function createGate() {
  let arrive: () => void = () => {};
  let go: () => void = () => {};
  const next = () => new Promise<void>((resolve) => (arrive = resolve));
  let arrival = next();
  let opened = false;
  return {
    arrived: () => arrival,
    /** Lets the trainer through, and waits until it is here again. */
    pass(): Promise<void> {
      arrival = next();
      go();
      return arrival;
    },
    open() {
      opened = true;
      go();
    },
    async wait(): Promise<void> {
      if (opened) return;
      const gone = new Promise<void>((resolve) => (go = resolve));
      arrive();
      await gone;
    },
  };
}

/** The data set, whose cursor waits at the gate before every batch, and never ends. */
function paced(dataset: MultiTaskDataset, gate: ReturnType<typeof createGate>): MultiTaskDataset {
  return {
    ...dataset,
    open(options) {
      const cursor = dataset.open(options);
      let epoch = 0;
      return {
        ...cursor,
        async next() {
          await gate.wait();
          const batch = await cursor.next();
          if (batch !== null) return batch;
          cursor.seek(++epoch, 0);
          return cursor.next();
        },
      };
    },
  };
}

/** The executor, with a clock on its programs. */
function clocked(executor: Executor, clock: { inPrograms: number }): Executor {
  return defineExecutor({
    name: executor.name,
    async open(layout) {
      const session: ExecutorSession = await executor.open(layout);
      return {
        ...session,
        async run(program, call) {
          const start = performance.now();
          const result = await session.run(program, call);
          clock.inPrograms += performance.now() - start;
          return result;
        },
      };
    },
  });
}

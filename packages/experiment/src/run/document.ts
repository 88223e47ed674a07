import type { DeltaM } from '@polytask/core';
import type { SelectedBackend } from '../backend/select-backend.js';
import type { Config } from '../config/schema.js';
import type { DataFacts } from '../parts/loaded-data.js';

/** What one network did; times are seconds on this machine. */
export interface NetworkResult {
  /** Trainable numbers. */
  readonly parameters: number;
  readonly epochs: number;
  readonly steps: number;
  readonly stopped: 'epochs' | 'early' | 'signal';
  readonly seconds: { readonly training: number; readonly evaluation: number };
  /** Per task loss, number of labelled rows and every metric on the test rows; missing if the run was stopped before. */
  readonly tasks?: { readonly [task: string]: { readonly [metric: string]: unknown } };
}

/** A task as results speak of it. */
export interface TaskSummary {
  readonly name: string;
  readonly type: string;
  /** The metric by which runs are compared. */
  readonly primaryMetric: string;
  /** Which way each metric is better; those that cannot be ranked are left out. */
  readonly better: { readonly [metric: string]: 'higher' | 'lower' };
}

/** One time that a run went on. */
export interface Resumption {
  readonly at: string;
  /** The checkpoint, seen from the run folder; null where there was none yet. */
  readonly from: string | null;
  /** Where they are not those that the run began with. */
  readonly versions?: { readonly [program: string]: string };
}

/** `run.json`, and what `--json` prints: one run, from its configuration to its results. */
export interface RunDocument {
  /** Version of this layout. */
  readonly format: 2;
  readonly name: string;
  readonly status: 'running' | 'done' | 'interrupted' | 'failed';
  readonly folder: string;
  /** The configuration file. */
  readonly file: string;
  /** As it was written, with what the command line changed. */
  readonly given: { readonly [key: string]: unknown };
  /** The same with defaults. */
  readonly config: Config;
  readonly seed: number;
  readonly versions: { readonly [program: string]: string };
  readonly backend: SelectedBackend;
  readonly started: string;
  readonly finished?: string;
  /** Where the data came from and how they were divided. */
  readonly data?: DataFacts['record'];
  readonly rows: { readonly train: number; readonly validation: number; readonly test: number };
  /** Identify the rows after the split. */
  readonly fingerprints: { readonly train: string; readonly validation?: string; readonly test: string };
  /** When the run went on after it had stopped, and from where. */
  readonly resumed?: readonly Resumption[];
  readonly tasks: readonly TaskSummary[];
  readonly joint?: NetworkResult;
  /** By task, the network that learned it alone. */
  readonly singleTask?: { readonly [task: string]: NetworkResult };
  /** How joint training compares with single-task training; null where no task can be compared. */
  readonly deltaM?: (DeltaM & { readonly leftOut: { readonly [task: string]: string } }) | null;
  /** Wall-clock seconds of the whole run, loading of data included. */
  readonly seconds?: number;
  readonly error?: { readonly code?: string; readonly message: string };
}

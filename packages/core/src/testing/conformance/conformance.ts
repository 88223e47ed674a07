import type { InputSpecs } from '../../contracts/batch.js';
import type { Executor } from '../../contracts/executor.js';
import type { SharingStrategy } from '../../contracts/sharing.js';
import type { Strategy } from '../../contracts/strategy.js';
import type { AnyTask } from '../../contracts/task.js';
import { PolytaskError } from '../../errors/polytask-error.js';
import { UnknownNameError } from '../../errors/unknown-name-error.js';
import { type Described, descriptionOf } from '../../options/describe-part.js';
import { regression } from '../../tasks/regression.js';
import { auxiliaryChecks } from './auxiliary-checks.js';
import type { Check } from './check.js';
import { type Claim, claimsOf } from './claims.js';
import { descriptionCheck } from './description-check.js';
import { gradientBalancingChecks } from './gradient-balancing-checks.js';
import { lossWeightingChecks } from './loss-weighting-checks.js';
import { runChecks } from './run-checks.js';
import { scheduleChecks } from './schedule-checks.js';
import { sharingChecks } from './sharing-checks.js';
import { stateChecks } from './state-checks.js';
import type { Subject } from './trial.js';

/** Options of {@link conformance}. */
export interface ConformanceOptions {
  /** What holds besides what must; each claim is checked. Default none. */
  readonly claims?: readonly Claim[];
  /** Further executors to train under, by name: `{ compiled: () => compiled() }`. Default none but `strict()` and `eager()`. */
  readonly executors?: { readonly [name: string]: () => Executor };
  /** Checks that do not apply, by name, each with the reason. They are there, say so in their names, and do nothing. */
  readonly skip?: { readonly [check: string]: string };
  /** What the trial's model reads. Default `{ x: { shape: [4], dtype: 'float32' } }`. */
  readonly inputs?: InputSpecs;
  /** The model around parts of other kinds than sharing. Default one layer with BatchNorm and dropout, and a head per task. */
  readonly sharing?: (tasks: readonly string[]) => SharingStrategy;
  /**
   * What the trial's tasks are: with a single number, a single class, or one answer per row. Default regressions whose losses are plain
   * mean squared errors.
   */
  readonly task?: (name: string) => AnyTask;
  /** Whether tasks have data sets of their own, which a schedule always needs. Default false. */
  readonly perTaskData?: boolean;
}

/**
 * What a strategy of this kind must do, as tests for any runner: what it says of itself, training under several executors, resuming,
 * tensors, absent tasks, few tasks and many, numbers of every size, and what its kind promises besides.
 *
 * @param kind Which kind of strategy.
 * @param make Makes the part for tasks of these names, with the options to be tested; anew for every run. Or a described factory
 * all of whose options have defaults.
 * @throws `POLYTASK_UNKNOWN_NAME` for a skipped check that does not exist and a claim that this kind does not have; `POLYTASK_CONFORMANCE` for a skip without a reason. A
 * check that fails rejects with `POLYTASK_CONFORMANCE`, or with what the part itself threw.
 * @example
 * ```ts
 * import { sumOfLosses } from '@polytask/core';
 * import { conformance } from '@polytask/core/testing';
 *
 * // Under vitest: test.each(checks)('$name', (check) => check.run())
 * // Under node:test: for (const { name, run } of checks) test(name, run)
 * const checks = conformance('loss-weighting', sumOfLosses, { claims: ['order-of-tasks'] });
 * for (const { run } of checks) await run();
 * console.log(checks.at(-1)?.name); // => does not depend on the order of tasks, as claimed
 * ```
 */
export function conformance<Kind extends Strategy['kind']>(
  kind: Kind,
  make: ((tasks: readonly string[]) => PartOf<Kind>) | (Described & (() => PartOf<Kind>)),
  options: ConformanceOptions = {},
): readonly Check[] {
  const { claims = [], executors = {}, skip = {}, inputs = { x: { shape: [4], dtype: 'float32' } } } = options;
  for (const claim of claims) {
    if (!claimsOf[kind].includes(claim)) throw new UnknownNameError(`claim of a ${kind}`, claim, claimsOf[kind]);
  }
  const perTaskData = options.perTaskData ?? kind === 'schedule';
  // A described factory takes options, not names; it makes its part with the defaults.
  const anew = descriptionOf(make) === undefined ? make : () => (make as () => PartOf<Kind>)();
  const { task = plainTask, sharing } = options;
  const subject: Subject = { kind, make: anew, inputs, task, sharing, perTaskData };
  const checks = [
    descriptionCheck(subject),
    ...runChecks(subject, executors),
    ...stateChecks(subject),
    ...ownChecks(subject, claims),
  ];
  const names = checks.map(({ name }) => name);
  for (const [name, reason] of Object.entries(skip)) {
    if (!names.includes(name)) throw new UnknownNameError('check to skip', name, names);
    if (reason.trim() === '') {
      throw new PolytaskError(
        'POLYTASK_CONFORMANCE',
        `To skip \`${name}\` needs a reason, but there is none. Say why it does not apply.`,
      );
    }
  }
  return checks.map((check) => {
    const reason = skip[check.name];
    return reason === undefined ? check : { name: `${check.name} (skipped: ${reason})`, run: async () => {} };
  });
}

/** What a task of a trial is unless an author says otherwise. */
function plainTask(name: string): AnyTask {
  return regression(name, { standardize: false });
}

/** A part of this kind. */
type PartOf<Kind extends Strategy['kind']> = Extract<Strategy, { readonly kind: Kind }>;

/** What this kind promises besides. */
function ownChecks(subject: Subject, claims: readonly Claim[]): Check[] {
  switch (subject.kind) {
    case 'sharing':
      return sharingChecks(subject, claims);
    case 'loss-weighting':
      return lossWeightingChecks(subject, claims);
    case 'gradient-balancing':
      return gradientBalancingChecks(subject, claims);
    case 'auxiliary':
      return auxiliaryChecks(subject, claims);
    case 'schedule':
      return scheduleChecks(subject);
    case 'step-plan':
      return [];
  }
}

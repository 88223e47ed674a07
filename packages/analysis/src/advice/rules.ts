/** What advice is drawn from, by name, each a number; what it is, in words. */
export const measurements = {
  tasks: 'number of tasks',
  rows: 'training rows',
  parameters: 'trainable numbers of the joint network',
  parametersPerLabel: 'parameters of the joint network for each training label, all tasks together',
  labelledShare: 'share of the training rows that have a label of the task with the fewest',
  dependence: 'largest dependence between the labels of two tasks, from 0 to 1',
  conflictRate: 'largest share of looks in which the gradients of two tasks were against each other',
  magnitudeSimilarity: 'smallest similarity between the sizes of two tasks’ gradients, from 0 to 1',
  branches: 'groups of tasks by the cosines of their gradients',
  overfitting: 'largest ratio of a task’s validation loss to its training loss, at the end',
  bestEpochRatio: 'latest best epoch of a task over the earliest',
  hurt: 'tasks that learning together hurts',
  helped: 'tasks that learning together helps',
  unclear: 'tasks of which the seeds cannot tell',
  seedsNeeded: 'seeds that the hardest of these tasks may take',
} as const;

/** The name of a measurement. */
export type MeasurementName = keyof typeof measurements;

/** What has to be so for a rule to speak: a measurement, and on which side of a bound it lies. */
export interface Condition {
  readonly measurement: MeasurementName;
  readonly above?: number;
  readonly below?: number;
}

/** What a rule changes in a run file. */
export interface Change {
  /** New values by path. */
  readonly set: { readonly [path: string]: unknown };
  /** Options that a replaced `sharing` takes over from the one before, where it had them. */
  readonly keep?: readonly string[];
}

/** A piece of advice, and when to give it. */
export interface Rule {
  readonly name: string;
  /** All of them. A rule whose measurement is missing does not speak. */
  readonly when: readonly Condition[];
  /** `{name}` stands for a measurement, `{name%}` for a share in percent, `{nameTasks}` for the tasks that it is about. */
  readonly says: string;
  /** Undefined where there is nothing to change; `measured` where what was measured says it (`changes` of `Measured`). */
  readonly change?: Change | 'measured';
  /**
   * A paper, a bench of ours, or both, each with what it found; or neither, also where a paper says so and a bench of ours saw nothing of it.
   * Bounds are ours unless the note says otherwise.
   */
  readonly source: { readonly paper: string; readonly bench?: string } | { readonly bench: string } | 'unproven';
  readonly confidence: 'high' | 'medium' | 'low';
}

/**
 * The rules of `polytask advise`. They are data, so that every one can be read, doubted and replaced; where nobody has shown that a rule
 * helps, its source says `unproven`.
 */
export const rules: readonly Rule[] = [
  {
    name: 'measure-pairs',
    when: [
      { measurement: 'hurt', above: 0 },
      { measurement: 'tasks', above: 2 },
    ],
    says: 'Learning all together hurts {hurtTasks}. Measure which tasks gain from each other, and train them in groups: `polytask analyze --joint pairs` on this file trains every pair, and writes a run file for each group.',
    source: {
      bench: 'npm run bench -- affinity: groups by the gains of pairs do better than all together on both tables',
    },
    confidence: 'medium',
  },
  {
    name: 'branch-by-cosine',
    when: [
      { measurement: 'hurt', above: 0 },
      { measurement: 'branches', above: 1 },
    ],
    says: 'Learning all together hurts {hurtTasks}. By the cosines of their gradients these belong together: {branchesTasks}. Let the last shared layer branch by them.',
    change: 'measured',
    source: {
      bench: 'npm run bench -- affinity: such branches do better than one trunk on digits, and no worse on films',
    },
    confidence: 'medium',
  },
  {
    name: 'separate-experts',
    when: [{ measurement: 'hurt', above: 0 }],
    says: 'Learning together hurts {hurtTasks}. Let every task choose what it shares: experts for all, a gate for each.',
    change: { set: { 'sharing.use': 'mmoe', 'sharing.experts': 4 }, keep: ['encoder', 'head'] },
    source: {
      paper:
        'Ma et al., KDD 2018, https://doi.org/10.1145/3219819.3220007: gates help most where tasks are least related',
    },
    confidence: 'low',
  },
  {
    name: 'take-conflicts-out',
    when: [
      // Of unrelated tasks it is half of them.
      { measurement: 'conflictRate', above: 0.5 },
      { measurement: 'tasks', above: 1 },
    ],
    says: 'The gradients of {conflictRateTasks} were against each other in {conflictRate%} of the looks. Take out of each gradient what points against another (PCGrad).',
    change: { set: { balancing: { use: 'pcgrad' } } },
    // Yu et al., NeurIPS 2020, https://arxiv.org/abs/2001.06782, find a gain; Kurin et al., NeurIPS 2022, https://arxiv.org/abs/2201.04122, none
    // over a tuned sum of losses, and neither does the bench `balancing` where tasks hurt each other.
    source: 'unproven',
    confidence: 'low',
  },
  {
    name: 'weigh-by-uncertainty',
    when: [{ measurement: 'magnitudeSimilarity', below: 0.3 }],
    says: 'The gradients of {magnitudeSimilarityTasks} differ much in size (similarity {magnitudeSimilarity}), so the larger takes most of every step. Let the weights be learned.',
    change: { set: { balancing: { use: 'uncertainty-weighting' } } },
    source: { paper: 'Kendall, Gal and Cipolla, CVPR 2018, https://arxiv.org/abs/1705.07115' },
    // The bench `balancing` saw no gain from it, with gradients of similar size.
    confidence: 'low',
  },
  {
    name: 'keep-the-sum',
    when: [
      { measurement: 'conflictRate', below: 0.1 },
      { measurement: 'magnitudeSimilarity', above: 0.6 },
    ],
    says: 'The gradients are seldom against each other ({conflictRate%} of the looks) and of similar size ({magnitudeSimilarity}): the sum of the losses will do.',
    source: {
      paper: 'Kurin et al., NeurIPS 2022, https://arxiv.org/abs/2201.04122',
      bench: 'npm run bench -- balancing: no balancing does better than the sum by more than the spread',
    },
    confidence: 'medium',
  },
  {
    name: 'more-dropout',
    when: [
      { measurement: 'overfitting', above: 1.5 },
      { measurement: 'parametersPerLabel', above: 0.5 },
    ],
    says: 'The validation loss of {overfittingTasks} ended at {overfitting} times its training loss, with {parametersPerLabel} parameters for a label. Drop units while training.',
    change: { set: { 'sharing.encoder.dropout': 0.3 } },
    source: {
      paper: 'Srivastava et al., JMLR 2014, https://jmlr.org/papers/v15/srivastava14a.html',
      bench: 'npm run bench -- quality: of small tables, some gain and some lose a little',
    },
    confidence: 'low',
  },
  {
    name: 'own-epoch-for-each',
    when: [{ measurement: 'bestEpochRatio', above: 2 }],
    says: 'Tasks are best in epochs far apart (the latest is {bestEpochRatio} times the earliest). Go back to the best epoch of each.',
    change: { set: { 'training.earlyStopping.restoreBest': 'per-task' } },
    source: 'unproven',
    confidence: 'low',
  },
  {
    name: 'sparse-labels',
    when: [{ measurement: 'labelledShare', below: 0.3 }],
    says: '{labelledShareTasks} has labels in {labelledShare%} of the rows only. That is where learning together is worth most: keep it with the others, and its weight in proportion to its labels.',
    source: { bench: 'npm run bench -- quality: weights in proportion to labels on birdstrikes' },
    confidence: 'low',
  },
  {
    name: 'dependent-labels',
    when: [
      { measurement: 'dependence', above: 0.5 },
      { measurement: 'tasks', above: 2 },
    ],
    says: 'The labels of {dependenceTasks} depend on each other ({dependence}). Where you train tasks in groups, keep these two together.',
    source: { bench: 'npm run bench -- affinity: the gains of pairs go with the dependence of their labels' },
    confidence: 'medium',
  },
  {
    name: 'stay-together',
    when: [
      { measurement: 'helped', above: 0 },
      { measurement: 'hurt', below: 1 },
    ],
    says: 'Learning together helps {helpedTasks} and is known to hurt none: stay with it.',
    source: { paper: 'Bouthillier et al., MLSys 2021, https://arxiv.org/abs/2103.03098, on verdicts over seeds' },
    confidence: 'high',
  },
  {
    name: 'more-seeds',
    when: [
      { measurement: 'unclear', above: 0 },
      { measurement: 'seedsNeeded', below: 101 },
    ],
    says: 'The seeds cannot tell whether learning together helps or hurts {unclearTasks}; about {seedsNeeded} seeds could.',
    source: { paper: 'Bouthillier et al., MLSys 2021, https://arxiv.org/abs/2103.03098' },
    confidence: 'high',
  },
];

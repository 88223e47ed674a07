/** An option of something that a run file can name. */
export interface StrategyOption {
  readonly name: string;
  /** What it takes, in a few words: `a whole number from 1`, `encoder`. */
  readonly type: string;
  readonly required: boolean;
  /** In words, where the description says one. */
  readonly default?: string;
  readonly description: string;
}

/** Something that a run file can name. */
export interface Strategy {
  /** What is written: a short name, or `<package>#<export>`. */
  readonly name: string;
  /** What it is for people: `encoder`, `optimizer`. */
  readonly role: string;
  /** Where it stands in a run file. */
  readonly key: string;
  readonly summary: string;
  readonly options: readonly StrategyOption[];
  /** Package that it comes from, with its version, where it is a plugin. */
  readonly from?: string;
}

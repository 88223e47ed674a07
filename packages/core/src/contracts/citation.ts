/** Where a method was published. */
export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly venue: string;
  readonly year: number;
  readonly url: string;
  /** What of it this is, and settings that are the paper's; sentences for the paper index. */
  readonly note?: string;
}

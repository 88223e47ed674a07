import type { FileFormat } from '@polytask/data/node';
import type { Config } from '@polytask/experiment';
import type { PartName } from './part-names.js';
import type { WrittenFormat } from './row-writer.js';

/** Options of `polytask predict`, as the command line gives them. */
export interface PredictOptions {
  readonly part?: PartName;
  readonly format?: FileFormat;
  readonly output?: string;
  readonly to?: WrittenFormat;
  readonly force?: boolean;
  readonly id?: string;
  readonly keep?: readonly string[];
  readonly intermediates?: boolean;
  readonly maxBadRows?: string;
  readonly sql?: boolean;
  readonly threshold?: readonly string[];
  readonly backend?: Config['backend'];
  readonly plugins?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
}

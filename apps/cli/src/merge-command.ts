import { type Command, Option } from 'commander';
import { pluginsOption } from './code/plugins-option.js';
import type { Io } from './io.js';
import type { Told } from './model-commands.js';

/** `polytask merge`. */
export function addMergeCommand(program: Command, io: Io, told: Told): void {
  program
    .command('merge')
    .summary('make one network of those that runs have learned apart')
    .description(
      'Merges the networks of finished runs that began with the same weights into one that has the tasks of all.',
    )
    .argument('<folders...>', 'run folders, two or more')
    .addOption(
      new Option('-m, --method <method>', 'how')
        .choices(['average', 'task-arithmetic', 'ties', 'dare', 'fisher', 'reg-mean'])
        .default('average'),
    )
    .option('--scale <number>', 'task-arithmetic, ties, dare: factor of what was learned (default: 0.3; ties: 1)')
    .option('--keep <share>', "ties: share of each network's changes that counts (default: 0.2)")
    .option('--drop <share>', 'dare: share of the changes that goes (default: 0.5)')
    .option('--seed <number>', 'dare: of what goes (default: 0)')
    .option('--rows <number>', 'fisher, reg-mean: training rows to look at (default: 256; 1024)')
    .option('--joint <folder>', 'a run that has learned the tasks together, to compare with')
    .option('-o, --output <folder>', 'run folder, new or empty (default: runs/merged-<n>)')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document instead of the table')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', notes)
    .action(async (folders: string[], options) => {
      if (options.json === true) told.json();
      told.what('merge');
      const { merge } = await import('./commands/merge.js');
      await merge(folders, options, io);
    });
}

const notes = `
Runs fit each other that have one sharing strategy, one seed and the same data, and differ in
their tasks or in how they were trained. What all have is merged, such as the trunk; heads stay.
The merged folder predicts, measures and exports like any other.

Exit codes: 0 done; 1 failed; 2 the input was wrong.`;

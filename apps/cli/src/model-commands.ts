import { backendChoices } from '@polytask/experiment/early';
import { type Command, Option } from 'commander';
import { pluginsOption } from './code/plugins-option.js';
import type { Io } from './io.js';
import { partNames } from './predict/part-names.js';

const collect = (value: string, before: readonly string[] = []) => [...before, value];

/** What the program has to know of a command that has begun. */
export interface Told {
  json(): void;
  what(what: 'prediction' | 'evaluation' | 'report' | 'merge' | 'advice'): void;
  interrupted(): void;
}

/** `polytask predict`, `polytask evaluate`, `polytask report` and `polytask advise`. */
export function addModelCommands(program: Command, io: Io, told: Told): void {
  program
    .command('predict')
    .summary('predict every task for rows of a file or of standard input')
    .description('Predicts every task of a finished run for raw rows, and writes a row for each of them.')
    .argument('<folder>', 'the run folder')
    .argument(
      '[rows...]',
      'files of rows: CSV, JSONL, JSON or Parquet; none, or -, is standard input; for models of images, images or folders of them',
    )
    .addOption(
      new Option(
        '--part <part>',
        'rows of the run in place of files; each begins with its number in the table',
      ).choices(partNames),
    )
    .addOption(
      new Option(
        '-f, --format <format>',
        'how rows are read (default: by the name, or by how standard input begins)',
      ).choices(['csv', 'jsonl', 'json', 'parquet']),
    )
    .option('-o, --output <path>', 'write to this file: .csv, .jsonl or .parquet (default: standard output)')
    .addOption(
      new Option(
        '-t, --to <format>',
        'how predictions are written (default: by the name of the file, else jsonl)',
      ).choices(['csv', 'jsonl', 'parquet']),
    )
    .option('--force', 'replace the file')
    .option('--id <column>', 'carry this column of the rows along, as the first one')
    .option('--keep <column>', 'carry a further column along; may be given again', collect)
    .option(
      '--intermediates',
      'also write what the model computes on the way: the shared representation, and what the sharing strategy names',
    )
    .option('--max-bad-rows <number>', 'how many rows may be unreadable (default: as in training)')
    .option('--no-sql', "do not put the rows through the run file's sql")
    .option(
      '--threshold <task=number>',
      'from which probability on the answer is yes, or auto for the best F1 on validation rows (default: as in training); may be given again',
      collect,
    )
    .addOption(new Option('--backend <name>', 'what computes (default: as in training)').choices(backendChoices))
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document about the file that was written')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', predictNotes)
    .action(async (folder: string, rows: string[], options) => {
      if (options.json === true) told.json();
      told.what('prediction');
      const { predict } = await import('./commands/predict.js');
      if ((await predict(folder, rows, options, io)) === 'interrupted') told.interrupted();
    });

  program
    .command('evaluate')
    .summary('measure every task of a finished run')
    .description('Measures every task of a finished run, on its test rows or on other rows that have labels.')
    .argument('<folder>', 'the run folder')
    .addOption(new Option('--part <part>', 'rows of the run to measure on (default: test)').choices(partNames))
    .option(
      '--data <path>',
      'a file of rows with labels, CSV, JSONL, JSON or Parquet, in place of a part; - is standard input',
    )
    .addOption(
      new Option('-f, --format <format>', 'how that file is read (default: by its name)').choices([
        'csv',
        'jsonl',
        'json',
        'parquet',
      ]),
    )
    .option('--max-bad-rows <number>', 'how many of its rows may be unreadable (default: as in training)')
    .option('--no-sql', "do not put its rows through the run file's sql")
    .option('--predictions <path>', 'write labels and predictions of the rows to this file: .csv, .jsonl or .parquet')
    .option('--force', 'replace that file')
    .option(
      '--threshold <task=number>',
      'from which probability on the answer is yes, or auto for the best F1 on validation rows (default: as in training); may be given again',
      collect,
    )
    .addOption(new Option('--backend <name>', 'what computes (default: what trained)').choices(backendChoices))
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document instead of the table')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', evaluateNotes)
    .action(async (folder: string, options) => {
      if (options.json === true) told.json();
      told.what('evaluation');
      const { evaluate } = await import('./commands/evaluate.js');
      if ((await evaluate(folder, options, io)) === 'interrupted') told.interrupted();
    });

  program
    .command('report')
    .summary('show one run or several on a page')
    .description(
      'Writes one HTML file with curves, comparisons, confusions, calibration, data and configuration of a run, or of several side by side.',
    )
    .argument('<folders...>', 'run folders')
    .option('-o, --output <file>', 'the HTML file (default: report.html in the run folder; here, for several runs)')
    .option('--png <folder>', 'also write every picture as a PNG file')
    .option('--force', 'replace earlier files')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document about the files')
    .addHelpText('after', evaluateNotes)
    .action(async (folders: string[], options) => {
      if (options.json === true) told.json();
      told.what('report');
      const { report } = await import('./commands/report.js');
      if ((await report(folders, options, io)) === 'interrupted') told.interrupted();
    });

  program
    .command('advise')
    .summary('measure a run file, and say what to try')
    .description(
      'Trains what a file describes, together and alone, within a time budget; says in sentences what to try, and writes it as run files.',
    )
    .argument('<file>', 'the YAML file of the run')
    .option('--budget <time>', 'how long it may take, such as 90s, 10m or 1.5h', '10m')
    .option('--try', 'also train what is advised, by successive halving, and say which advice held')
    .option('-o, --output <folder>', 'folder of the runs, new or empty (default: runs/<name>-advice-<n>)')
    .option('--out <folder>', 'folder of the run files that are advised (default: beside the file)')
    .option('--force', 'replace run files of earlier advice')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', adviseNotes)
    .action(async (file: string, options) => {
      if (options.json === true) told.json();
      told.what('advice');
      const { advise } = await import('./commands/advise.js');
      if ((await advise(file, options, io)) === 'interrupted') told.interrupted();
    });
}

const predictNotes = `
Rows need the columns that the model reads; others are passed over. Columns of the output: those
of --id and --keep; <task> with the answer, in the units of the data or by the name of the class;
for classes <task>.probability of the answer and <task>.probability.<class>. A row that cannot be
read has no predictions. With --intermediates follow shared.<i>, <what the strategy names>.<i> and
<auxiliary objective>.<what it finds of rows>.

Exit codes: 0 done; 1 failed; 2 the input was wrong. A file is there whole or not at all.`;

const adviseNotes = `
Run files of the advice are called <name>.<advice>.yaml. Where one is there already, nothing is
measured unless --force is given. With --out, relative paths in them are written anew; parts that
are code are looked for from there.

Exit codes: 0 done; 1 failed; 2 the input was wrong.`;

const evaluateNotes = `
Exit codes: 0 done; 1 failed; 2 the input was wrong.`;

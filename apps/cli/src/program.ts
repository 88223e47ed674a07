import { Argument, Command, CommanderError, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { pluginsOption } from './code/plugins-option.js';
import { completionScripts, shells } from './completion/scripts.js';
import { tellFailure } from './errors/tell-failure.js';
import { type Io, print, printJson, printText } from './io.js';
import { addMergeCommand } from './merge-command.js';
import { addModelCommands, type Told } from './model-commands.js';

const collect = (value: string, before: readonly string[] = []) => [...before, value];

/**
 * Runs the program with the arguments of a command line.
 *
 * @returns 0 when all is done, 1 when a run failed, 2 when the input is wrong, undefined when it was stopped from outside.
 */
export async function runProgram(args: readonly string[], io: Io): Promise<0 | 1 | 2 | undefined> {
  let code: 0 | 1 | undefined = 0;
  let json = false;
  let what: Parameters<typeof tellFailure>[1] = 'run';
  const program = new Command('polytask')
    .description('Trains and compares multi-task models from one YAML file.')
    .version(manifest.version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => printText(io.stdout, text),
      writeErr: (text) => printText(io.stderr, text),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 100, 100),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? 100, 100),
    });

  program
    .command('train')
    .summary('train what a file describes, and compare')
    .description(
      'Trains what a YAML file describes, prints the results and leaves a run folder; or goes on with a run folder.',
    )
    .argument('[file]', 'the YAML file of the run; under --resume and --continue it may be left out')
    .option('-s, --set <key=value>', 'change a value, such as training.epochs=5; may be given again', collect)
    .option('--seed <number>', 'seed of the run')
    .option('-o, --output <folder>', 'run folder, new or empty (default: runs/<name>-<n>)')
    .option('--resume <folder>', 'go on with the run in this folder, to the same numbers as if it had not stopped')
    .option(
      '--continue <folder>',
      'go on with the training of the run in this folder, in a new one: with more epochs, or another learning rate',
    )
    .option('--compare', 'also train one network per task, and compare')
    .option('--no-compare', 'do not compare, whatever the file says')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document instead of the table')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', trainNotes)
    .action(async (file: string | undefined, options) => {
      json = options.json === true;
      const { train } = await import('./commands/train.js');
      const { resume } = await import('./commands/resume.js');
      const ended = await (options.resume === undefined ? train(file, options, io) : resume(file, options, io));
      if (ended === 'interrupted') code = undefined;
    });

  program
    .command('check')
    .summary('check a file and its data without training')
    .description('Checks a YAML file, its data and all parts that it names, without training.')
    .argument('<file>', 'the YAML file of the run')
    .option('-s, --set <key=value>', 'change a value; may be given again', collect)
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document')
    .action(async (file: string, options) => {
      json = options.json === true;
      const { check } = await import('./commands/check.js');
      await check(file, options, io);
    });

  program
    .command('export')
    .summary('write the model of a finished run for other programs')
    .description('Writes the model of a finished run as an ONNX file, or as a layers model of tfjs.')
    .argument('<folder>', 'the run folder')
    .addOption(new Option('-f, --format <format>', 'what to write').choices(['onnx', 'tfjs']).makeOptionMandatory())
    .option('-o, --output <path>', 'a file for onnx, a folder for tfjs (default: model.onnx, tfjs in the run folder)')
    .option('--batch <rows>', 'fix the number of rows of an ONNX model (default: any)')
    .addOption(
      new Option(
        '--inputs <form>',
        'what an ONNX model takes: columns of a table, or what the network gets of them (default: raw for tables)',
      ).choices(['raw', 'encoded']),
    )
    .option('--force', 'replace an earlier export')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document')
    .addHelpText('after', exportNotes)
    .action(async (folder: string, options) => {
      json = options.json === true;
      what = 'export';
      const { exportModel } = await import('./commands/export.js');
      await exportModel(folder, options, io);
    });

  const told: Told = {
    json: () => {
      json = true;
    },
    what: (named) => {
      what = named;
    },
    interrupted: () => {
      code = undefined;
    },
  };
  addAnalyze(program, io, told);
  addModelCommands(program, io, told);
  addMergeCommand(program, io, told);

  program
    .command('schema')
    .summary('print the JSON Schema of run files')
    .description('Prints the JSON Schema of run files, with which editors complete and check them.')
    .addOption(pluginsOption())
    .action(async (options) => {
      const { schema } = await import('./commands/schema.js');
      await schema(options, io);
    });

  program
    .command('strategies')
    .summary('list what a run file can name, with options and defaults')
    .description('Lists what a run file can name: data, tasks, sharing, encoders, balancing, optimizers, schedules.')
    .argument('[name]', 'say all of this one, such as `mlp` or `@acme/tempered#tempered`')
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document')
    .action(async (name: string | undefined, options) => {
      json = options.json === true;
      const { strategies } = await import('./commands/strategies.js');
      await strategies(name, options, io);
    });

  program
    .command('doctor')
    .summary('say what computes on this machine, and what does not and why')
    .description('Tries every executor and backend in a process of its own, down to a small training.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExit codes: 0 all that is installed works; 1 something does not.')
    .action(async (options) => {
      json = options.json === true;
      const { doctor } = await import('./commands/doctor.js');
      const healthy = await doctor(options, io);
      code = healthy === undefined ? undefined : healthy ? 0 : 1;
    });

  program
    .command('cache')
    .summary('show the converted tables that are kept, or remove them')
    .description('Shows the cache of converted tables: what is in it, how large it is and how large it may become.')
    .option('--clear', 'remove everything that no process uses; it is made again when it is needed')
    .option('--folder <folder>', 'another cache than the usual one, such as that of `data.cache`')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      json = options.json === true;
      const { cache } = await import('./commands/cache.js');
      await cache(options, io);
    });

  addNative(program, io, {
    end: (ended) => {
      code = ended;
    },
    json: () => {
      json = true;
    },
  });

  addCompletion(program, io);

  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // commander has printed what it has to say; asking for help or the version is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // The first signal stops reading data at once, as nothing of them is kept.
    if (io.signal.aborted && (error as Error).name === 'AbortError') {
      print(io.stderr, 'Stopped while data were read; nothing was written.');
      return undefined;
    }
    const failure = tellFailure(error, what);
    print(io.stderr, failure.text);
    if (json) printJson(io.stdout, failure.document);
    return failure.code;
  }
}

/** `polytask analyze`. */
function addAnalyze(program: Command, io: Io, told: Told): void {
  program
    .command('analyze')
    .summary('measure how the tasks of a file are related')
    .description(
      'Measures how the tasks of a YAML file are related: labels, gradients, features, transfer, errors; and which groups follow.',
    )
    .argument('<file>', 'the YAML file of the run')
    .option('-s, --set <key=value>', 'change a value; may be given again', collect)
    .option('--seed <number>', 'seed of all trainings')
    .option('-o, --output <folder>', 'folder of the analysis, new or empty (default: runs/<name>-analysis-<n>)')
    .option('--budget <time>', 'begin nothing new after this time, such as 90s, 10m or 1h')
    .option(
      '--joint <sets>',
      'also train pairs, leave-one-out, or both with a comma between them, with as many seeds as `repeat` says',
    )
    .addOption(pluginsOption())
    .option('--json', 'print one JSON document, that of analysis.json')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText('after', analyzeNotes)
    .action(async (file: string, options) => {
      if (options.json === true) told.json();
      const { analyze } = await import('./commands/analyze.js');
      if ((await analyze(file, options, io)) === 'interrupted') told.interrupted();
    });
}

/** `polytask native install`, `status` and `remove`. */
function addNative(program: Command, io: Io, told: { end(code: 0 | 1 | undefined): void; json(): void }): void {
  const native = program
    .command('native')
    .summary("provide TensorFlow's own library, for `backend: node`")
    .description('Provides @tensorflow/tfjs-node for all projects of this user, where its own download fails too.')
    .helpCommand(false);
  native
    .command('install')
    .description(
      'Installs tfjs-node into a folder of the user; needs npm, or on Linux npm, pip, a C++ compiler and make.',
    )
    .option('-f, --force', 'build it again even if it works')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress on standard error')
    .action(async (options) => {
      if (options.json === true) told.json();
      const { install } = await import('./commands/native.js');
      if ((await install(options, io)) === 'interrupted') told.end(undefined);
    });
  native
    .command('status')
    .description('Says whether tfjs-node is there and works; exit code 1 where it does not.')
    .option('--json', 'print one JSON document')
    .action(async (options) => {
      if (options.json === true) told.json();
      const { status } = await import('./commands/native.js');
      told.end((await status(options, io)) ? 0 : 1);
    });
  native
    .command('remove')
    .description('Takes away what `native install` made.')
    .action(async () => {
      const { remove } = await import('./commands/native.js');
      await remove(io);
    });
}

/** `polytask completion`, and what its scripts call. */
function addCompletion(program: Command, io: Io): void {
  program
    .command('completion')
    .summary('print a script that completes command lines in your shell')
    .description('Prints a script for bash, zsh or fish that completes commands, options, files and names.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText('after', '\nFor bash: put `source <(polytask completion bash)` into ~/.bashrc.')
    .action((shell: (typeof shells)[number]) => print(io.stdout, completionScripts[shell]));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { printCompletion } = await import('./commands/complete.js');
      await printCompletion(program, words, io);
    });
}

const trainNotes = `
Exit codes: 0 done; 1 the run failed; 2 the input was wrong, and nothing was written;
130 (SIGINT) or 143 (SIGTERM) stopped: a checkpoint was written after the step under
way, and --resume goes on from it. A second signal ends the program at once.`;

const analyzeNotes = `
Trains all tasks together once, watched, and each task alone once. analysis.json has all that was measured,
analysis.html shows it. Where groups of tasks promise more than all together, grouped.yaml trains them as branches
of one trunk, and group-<n>.yaml one by one.

With T tasks, --joint pairs takes T(T−1)/2 trainings more and leave-one-out T; it says how many before it begins. Gains
of pairs then say which groups to train, in place of affinities.

Exit codes: 0 done; 1 a training failed; 2 the input was wrong, and nothing was written; 130 or 143 stopped.`;

const exportNotes = `
Outputs are called like their tasks and hold probabilities, or values in the units of the data.
Inputs are the columns of the table that the model learned from, or else the inputs of the network.
Metadata have tasks, classes, units and inputs, as JSON.

Exit codes: 0 done; 1 the format cannot hold this model; 2 the input was wrong. Nothing is
written but at 0.`;

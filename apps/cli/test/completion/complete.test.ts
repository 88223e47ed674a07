import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/completion/complete.js';

const program = new Command('polytask').helpCommand(false);
program
  .command('train')
  .summary('train it')
  .argument('<file>')
  .option('-s, --set <key=value>', 'set')
  .option('-o, --output <folder>', 'run folder')
  .option('--quiet', 'say nothing')
  .addOption(new Option('--format <name>', 'format').choices(['onnx', 'tfjs']));
program.command('strategies').argument('[name]').option('--json', 'JSON');
program.command('secret', { hidden: true });
program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
program.command('native').helpCommand(false).command('install').description('get it');

const words = (...line: string[]) => complete(program, line, { name: ['mlp', 'momentum', 'adam'] });
const found = (...line: string[]) => words(...line).words.map(({ value }) => value);

describe('complete', () => {
  it('knows commands, and commands of commands', () => {
    expect(found('')).toEqual(['train', 'strategies', 'completion', 'native']);
    expect(words('tr')).toEqual({ words: [{ value: 'train', description: 'train it' }] });
    expect(found('native', '')).toEqual(['install']);
    expect(found('nonsense', 'tr')).toEqual([]);
  });

  it('knows the options of the command', () => {
    expect(found('train', '--')).toEqual(['--set', '--output', '--quiet', '--format', '--help']);
    expect(found('train', 'run.yaml', '--o')).toEqual(['--output']);
    expect(found('strategies', '--j')).toEqual(['--json']);
    expect(found('train', '--', '--o')).toEqual([]);
  });

  it('knows what options and arguments take', () => {
    expect(found('train', '--format', '')).toEqual(['onnx', 'tfjs']);
    expect(found('completion', 'z')).toEqual(['zsh']);
    expect(found('strategies', 'm')).toEqual(['mlp', 'momentum']);
    expect(found('strategies', 'mlp', '')).toEqual([]);
    expect(words('train', '--set', '')).toEqual({ words: [] });
  });

  it('leaves paths to the shell', () => {
    expect(words('train', 'r')).toEqual({ words: [], paths: 'yaml' });
    expect(words('train', '-o', 'r')).toEqual({ words: [], paths: 'folders' });
    expect(words('train', '--quiet', '')).toEqual({ words: [], paths: 'yaml' });
    expect(words('train', '-s', 'seed=1', '')).toEqual({ words: [], paths: 'yaml' });
  });
});

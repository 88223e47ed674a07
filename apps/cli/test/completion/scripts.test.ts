// The scripts in real shells, with the real program's answers: `polytask` is a stand-in that runs the built one.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPackages } from '../../../../scripts/packages.mjs';
import { folderWith } from '../../../../test/support/folder.js';

const main = join(import.meta.dirname, '../../dist/main.js');

beforeAll(() => buildPackages(), 300_000);

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** A folder with files to complete, and the surroundings in which `polytask` is found. */
function surroundings() {
  const cwd = folderWith({ 'run.yaml': '', 'rows.csv': '', 'runs/x': '' });
  const bin = folderWith();
  writeFileSync(join(bin, 'polytask'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(bin, 'polytask'), 0o755);
  return { cwd, encoding: 'utf8' as const, env: { ...process.env, PATH: [bin, process.env.PATH].join(delimiter) } };
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

describe.skipIf(!has('bash'))('in bash', () => {
  /** What bash offers for the last word. `compopt` works during completion only. */
  const offered = (...words: string[]) => {
    const program = `
      source <(polytask completion bash)
      compopt() { :; }
      COMP_WORDS=(polytask "$@"); COMP_CWORD=$#
      _polytask
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    return lines(execFileSync('bash', ['-c', program, 'bash', ...words], surroundings()));
  };

  it('completes commands, options, names and files', () => {
    expect(offered('tr')).toEqual(['train']);
    expect(offered('train', 'run.yaml', '--out')).toEqual(['--output']);
    expect(offered('strategies', 'ml')).toEqual(['mlp']);
    expect(offered('train', 'r').sort()).toEqual(['run.yaml', 'runs']);
    expect(offered('train', '--output', 'r')).toEqual(['runs']);
  });
});

describe.skipIf(!has('fish'))('in fish', () => {
  it('completes commands, names and files', () => {
    const offered = (line: string) => {
      const program = `source (polytask completion fish | psub); complete -C '${line}'`;
      return lines(execFileSync('fish', ['--no-config', '-c', program], surroundings())).map(
        (row) => row.split('\t')[0],
      );
    };
    expect(offered('polytask tr')).toEqual(['train']);
    expect(offered('polytask strategies ml')).toEqual(['mlp']);
    expect(offered('polytask train ru')).toContain('run.yaml');
  });
});

describe.skipIf(!has('zsh'))('in zsh', () => {
  it('is a script that zsh takes', () => {
    const program = 'source <(polytask completion zsh) && whence -w _polytask';
    expect(execFileSync('zsh', ['-f', '-c', program], surroundings())).toBe('_polytask: function\n');
  });
});

// Runs commands of a program one after the other in this process, and prints what each gave:
//   run-commands.mjs <program.ts> '[["strategies"], ["check", "run.yaml"]]'
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [, , program = '', commands = '[]'] = process.argv;
const { runProgram } = await import(pathToFileURL(program).href);

const results = [];
for (const args of JSON.parse(commands)) {
  const both = new PassThrough();
  let text = '';
  both.on('data', (chunk) => {
    text += chunk;
  });
  const signal = new AbortController().signal;
  const code = await runProgram(args, { stdout: both, stderr: both, cwd: process.cwd(), env: process.env, signal });
  results.push({ args, code, text });
}
process.stdout.write(JSON.stringify(results));

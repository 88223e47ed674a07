import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../../scripts/run.mjs';
import type { Problem, Snippet } from './snippets.js';

/** Packages are looked for from here: the examples depend on everything that an example may import. */
export const snippetHome = join(root, 'examples');

/** Type-checks snippets as one program, with the options of the repository and the packages' sources. */
export function checkSnippets(snippets: readonly Snippet[]): Problem[] {
  const files = new Map(snippets.map((snippet) => [join(root, `${snippet.path}.${snippet.line}.ts`), snippet]));
  const options = compilerOptions();
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file)?.text ?? readFile(file);
  host.getSourceFile = (file, language, ...rest) => {
    const snippet = files.get(file);
    return snippet ? ts.createSourceFile(file, snippet.text, language) : getSourceFile(file, language, ...rest);
  };
  const cache = ts.createModuleResolutionCache(root, (file) => file, options);
  host.resolveModuleNameLiterals = (literals, containing) => {
    const from = files.has(containing) ? join(snippetHome, 'snippet.ts') : containing;
    return literals.map(({ text }) => ts.resolveModuleName(text, from, options, host, cache));
  };
  const program = ts.createProgram({ rootNames: [...files.keys()], options, host });
  return [...files].flatMap(([file, { path }]) => {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`The compiler did not read ${file}.`);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .filter((diagnostic) => !isUnusedVariable(diagnostic, source))
      .map(({ start = 0, messageText }) => ({
        path,
        line: source.getLineAndCharacterOfPosition(start).line + 1,
        message: ts.flattenDiagnosticMessageText(messageText, '\n'),
      }));
  });
}

function compilerOptions(): ts.CompilerOptions {
  const file = join(root, 'tsconfig.base.json');
  const { config } = ts.parseConfigFileTextToJson(file, readFileSync(file, 'utf8'));
  const { options, errors } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  if (errors.length > 0) throw new Error(errors.map(({ messageText }) => messageText).join('\n'));
  // Every snippet is a module of its own, also one without imports.
  return { ...options, types: ['node'], moduleDetection: ts.ModuleDetectionKind.Force };
}

/** An example may end with a value that nothing uses. An import that nothing uses is a mistake all the same. */
function isUnusedVariable({ code, start = 0 }: ts.Diagnostic, source: ts.SourceFile): boolean {
  if (![6133, 6138, 6192, 6196, 6198].includes(code)) return false;
  return !source.statements.some(
    (statement) => ts.isImportDeclaration(statement) && statement.pos <= start && start < statement.end,
  );
}

// What TypeDoc does not do by itself: entry points are called what an import calls them, without our scope (`core/node`, not
// `core/src/node`), names are grouped by the folder that they come from, and factories of parts are functions, with a table of
// their options and the papers that they cite. It also writes the paper index.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  Comment,
  CommentTag,
  Context,
  Converter,
  IntrinsicType,
  ParameterReflection,
  ReferenceType,
  ReflectionFlag,
  ReflectionKind,
} from 'typedoc';
import { loadParts } from './described-parts.mjs';
import { paper, paperIndex } from './paper-index.mjs';

/** Folders that are not called what a reader would look for. @type {Record<string, string>} */
const titles = { executor: 'Executors' };

/** @param {import('typedoc').Application} app */
export async function load(app) {
  const { entryPoints } = JSON.parse(readFileSync(new URL('../../typedoc.json', import.meta.url), 'utf8'));
  const loaded = await loadParts(entryPoints);
  convertFactories();
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    /** @type {import('./paper-index.mjs').Citing[]} */
    const citing = [];
    /** @type {import('./paper-index.mjs').Seeing[]} */
    const seeing = [];
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = module.name.replace(/\/src\b/, '');
      if (!module.isDeclaration()) continue;
      const { parts } = loaded.parts.find(({ path }) => nameOf(path) === module.name) ?? { parts: new Map() };
      for (const child of module.children ?? []) {
        group(context, module, child);
        const place = { link: `./api/${module.name}/functions/${child.name}`, export: child.name };
        const description = parts.get(child.name);
        if (description === undefined) seeing.push(...papersSeen(child).map((text) => ({ ...place, text })));
        else {
          citing.push({ ...place, kind: description.kind, cites: description.cites });
          documentPart(module, child, description, loaded.wordsOf);
        }
      }
    }
    writeFileSync(new URL('paper-index.md', import.meta.url), paperIndex(citing, seeing));
  });
}

/** `packages/core/src/node/index.ts` → `core/node`. @param {string} path */
function nameOf(path) {
  return path
    .replace(/^packages\//, '')
    .replace(/\/src\b/, '')
    .replace(/\/index\.ts$/, '');
}

/** Constants whose type is that of a described factory become functions, as if their comments had `@function`. */
function convertFactories() {
  const { getComment } = Context.prototype;
  Context.prototype.getComment = function (symbol, kind) {
    const comment = getComment.call(this, symbol, kind);
    if (kind === ReflectionKind.Variable) {
      const type = this.checker.getTypeOfSymbol(symbol);
      const isDescribed = type.getProperties().some(({ name }) => name.startsWith('__@marker'));
      if (isDescribed && type.getCallSignatures().length > 0) comment?.modifierTags.add('@function');
    }
    return comment;
  };
}

/**
 * @param {import('typedoc').Context} context
 * @param {import('typedoc').DeclarationReflection} module
 * @param {import('typedoc').DeclarationReflection} child
 */
function group(context, module, child) {
  const file = context.getSymbolFromReflection(child)?.declarations?.[0]?.getSourceFile().fileName;
  const folder = /\/src\/([^/]+)\/[^/]+$/.exec(file ?? '')?.[1];
  if (folder === undefined || module.name.endsWith(`/${folder}`)) return;
  const title = titles[folder] ?? folder.charAt(0).toUpperCase() + folder.slice(1);
  for (const documented of child.signatures ?? [child]) {
    documented.comment ??= new Comment();
    documented.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: title }]));
  }
}

/** What a function that is no part refers to, where it has an address. @param {import('typedoc').DeclarationReflection} child */
function papersSeen(child) {
  const tags = (child.signatures ?? []).flatMap(({ comment }) => comment?.getTags('@see') ?? []);
  return tags
    .map(({ content }) =>
      content
        .map(({ text }) => text)
        .join('')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((text) => /https:/.test(text))
    .map((text) => text.replace(/https:\S+?(?=[.;,]?(\s|$))/g, '<$&>'));
}

/**
 * Gives the page of a factory its options and references, and its options a type that can be read.
 *
 * @param {import('typedoc').DeclarationReflection} module
 * @param {import('typedoc').DeclarationReflection} child
 * @param {import('../../packages/core/src/index.js').PartDescription} description
 * @param {(takes: import('../../packages/core/src/index.js').Takes) => string} wordsOf
 */
function documentPart(module, child, description, wordsOf) {
  const { cites } = description;
  const options = Object.entries(description.options);
  const tags = [
    ...(options.length === 0 ? [] : [textTag('@options', optionTable(options, wordsOf))]),
    ...(cites.length === 0 ? [] : [textTag('@references', cites.map(reference).join('\n'))]),
  ];
  for (const commented of child.comment === undefined ? (child.signatures ?? []) : [child]) {
    commented.comment ??= new Comment();
    commented.comment.blockTags.push(...tags);
  }
  const alias = `${child.name.charAt(0).toUpperCase()}${child.name.slice(1)}Options`;
  const type = [alias, ...(description.kind === 'optimizer' ? ['OptimizerOptions'] : [])]
    .map((name) => module.children?.find((other) => other.name === name))
    .find((found) => found !== undefined);
  for (const signature of child.signatures ?? []) signature.parameters = signature.parameters?.flatMap(spread);
  for (const parameter of (child.signatures ?? []).flatMap(({ parameters = [] }) => parameters)) {
    // The type that was derived from the table of options.
    if (parameter.type?.type !== 'reference' || parameter.type.name !== 'Flat') continue;
    parameter.name = 'options';
    parameter.type = type
      ? ReferenceType.createResolvedReference(type.name, type, child.project)
      : new IntrinsicType('object');
  }
}

/** Parameters that TypeScript knows as one list with names: `...given: [steps: number]`. @param {ParameterReflection} parameter */
function spread(parameter) {
  const { type, parent } = parameter;
  if (!parameter.flags.isRest || type?.type !== 'tuple') return [parameter];
  return type.elements.flatMap((member) => {
    if (member.type !== 'namedTupleMember') return [];
    const own = new ParameterReflection(member.name, ReflectionKind.Parameter, parent);
    own.type = member.element;
    own.setFlag(ReflectionFlag.Optional, member.isOptional);
    parameter.project.registerReflection(own, undefined, undefined);
    return [own];
  });
}

/** @param {`@${string}`} tag @param {string} text */
function textTag(tag, text) {
  return new CommentTag(tag, [{ kind: 'text', text }]);
}

/** @param {import('../../packages/core/src/index.js').Citation} citation */
function reference(citation) {
  return `- ${paper(citation)}${citation.note === undefined ? '' : ` ${citation.note}`}`;
}

/**
 * @param {readonly (readonly [string, import('../../packages/core/src/index.js').Option])[]} options
 * @param {(takes: import('../../packages/core/src/index.js').Takes) => string} wordsOf
 */
function optionTable(options, wordsOf) {
  const cell = (/** @type {string} */ text) =>
    text.replaceAll('|', '\\|').replaceAll('{', '&#123;').replaceAll('<', '&lt;');
  const rows = options.map(([name, { takes, says, presence, default: value, otherwise, source }]) => {
    const usual =
      presence === 'default'
        ? `\`${JSON.stringify(value)}\``
        : presence === 'optional'
          ? cell(otherwise ?? 'none')
          : 'required';
    return `| \`${name}\` | ${cell(wordsOf(takes))} | ${usual}${source === undefined ? '' : ` (${cell(source)})`} | ${cell(says)} |`;
  });
  return ['| Option | Takes | Default | |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

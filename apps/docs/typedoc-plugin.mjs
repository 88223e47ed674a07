// Two things that TypeDoc does not do by itself: entry points are called what an import calls them, without our scope
// (`core/node`, not `core/src/node`), and names are grouped by the folder that they come from.
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

/** Folders that are not called what a reader would look for. @type {Record<string, string>} */
const titles = { spec: 'Contracts', linalg: 'Linear algebra', executor: 'Executors' };

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = module.name.replace(/\/src\b/, '');
      if (!module.isDeclaration()) continue;
      for (const child of module.children ?? []) {
        const file = context.getSymbolFromReflection(child)?.declarations?.[0]?.getSourceFile().fileName;
        const folder = /\/src\/([^/]+)\/[^/]+$/.exec(file ?? '')?.[1];
        if (folder === undefined || module.name.endsWith(`/${folder}`)) continue;
        const title = titles[folder] ?? folder.charAt(0).toUpperCase() + folder.slice(1);
        for (const documented of child.signatures ?? [child]) {
          documented.comment ??= new Comment();
          documented.comment.blockTags.push(new CommentTag('@category', [{ kind: 'text', text: title }]));
        }
      }
    }
  });
}

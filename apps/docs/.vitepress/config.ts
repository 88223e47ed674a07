import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig } from 'vitepress';

interface ReferenceEntry {
  readonly title: string;
  readonly path?: string;
  readonly children?: readonly ReferenceEntry[];
}

const guide: DefaultTheme.SidebarItem[] = [
  {
    text: 'Guide',
    items: [
      { text: 'Getting started', link: '/guide/getting-started' },
      { text: 'Concepts', link: '/guide/concepts' },
      { text: 'Data', link: '/guide/data' },
      { text: 'The run folder', link: '/guide/run-folder' },
      { text: 'Predict', link: '/guide/predicting' },
      { text: 'Export a model', link: '/guide/exporting' },
      { text: 'Files from others', link: '/guide/files-from-others' },
    ],
  },
  {
    text: 'Tasks together',
    items: [
      { text: 'Are my tasks related?', link: '/guide/relatedness' },
      { text: 'Which method?', link: '/guide/which-method' },
      { text: 'What hurt what?', link: '/guide/what-hurt-what' },
      { text: 'Make tasks help each other', link: '/guide/tasks-that-help' },
      { text: 'Native scales', link: '/guide/native-scales' },
      { text: 'What others call it', link: '/guide/what-others-call-it' },
    ],
  },
  {
    text: 'In code of your own',
    items: [
      { text: 'Backends', link: '/guide/backends' },
      { text: 'In the browser', link: '/guide/in-the-browser' },
      { text: 'Compile tfjs code', link: '/guide/compiling' },
      { text: 'Balancing in your own loop', link: '/guide/balancing-your-own-loop' },
    ],
  },
  {
    text: 'Extend',
    items: [
      { text: 'Write a task', link: '/guide/writing-a-task' },
      { text: 'Write a strategy', link: '/guide/writing-a-strategy' },
      { text: 'Publish a strategy', link: '/guide/publishing' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'Paper index', link: '/paper-index' },
      { text: 'Errors', link: '/errors' },
      { text: 'API', link: '/api/' },
    ],
  },
];

/** What TypeDoc wrote: packages, and in core its rooms. Every name on every page would make the site ten times as large. */
function reference(): DefaultTheme.SidebarItem[] {
  const file = fileURLToPath(new URL('../api/navigation.json', import.meta.url));
  if (!existsSync(file)) return [];
  const modules: readonly ReferenceEntry[] = JSON.parse(readFileSync(file, 'utf8'));
  return [
    { text: 'API reference', link: '/api/' },
    ...modules.map(({ title, path = '', children = [] }) => {
      const page = linkTo(path);
      const items = children
        .filter((child) => child.children !== undefined)
        // A room is a place on its package's page; a sub-path (`core/node`) has a page of its own.
        .map((child) =>
          child.path === undefined
            ? { text: child.title, link: `${page}#${child.title.toLowerCase().replaceAll(' ', '-')}` }
            : {
                text: `@polytask/${child.title.startsWith(title) ? '' : `${title}/`}${child.title}`,
                link: linkTo(child.path),
              },
        );
      return { text: `@polytask/${title}`, link: page, items };
    }),
  ];
}

const linkTo = (path: string) => `/api/${path.replace(/index\.md$/, '')}`;

export default defineConfig({
  title: 'Polytask',
  description: 'Multi-task learning for TypeScript on TensorFlow.js',
  lang: 'en-GB',
  cleanUrls: true,
  // A link to a page that does not exist fails the build: VitePress' own default, said aloud.
  ignoreDeadLinks: false,
  markdown: { math: true },
  transformPageData({ relativePath, frontmatter }) {
    // Pages of the reference have no order in which to read them.
    if (relativePath.startsWith('api/')) Object.assign(frontmatter, { prev: false, next: false });
    // Codes are too long for the outline.
    if (relativePath === 'errors.md') frontmatter.outline = 2;
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide/getting-started', activeMatch: '^/guide/' },
      { text: 'Papers', link: '/paper-index' },
      { text: 'Errors', link: '/errors' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: { '/api/': reference(), '/': guide },
  },
});

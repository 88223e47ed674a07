// The page of published methods: what implements each, by kind of part.

/** Kinds in the order of the page. @type {Readonly<Record<string, string>>} */
const titles = {
  sharing: 'Sharing',
  'loss-weighting': 'Loss weighting',
  'gradient-balancing': 'Gradient balancing',
  'step-plan': 'Step plans',
  auxiliary: 'Auxiliary objectives',
  observer: 'Observers',
  schedule: 'Schedules and mixing',
  encoder: 'Encoders',
  task: 'Tasks',
  metric: 'Metrics',
  optimizer: 'Optimizers',
  'learning-rate-schedule': 'Learning rate schedules',
};

/**
 * @typedef {Pick<import('../../packages/core/src/index.js').PartDescription, 'kind' | 'cites'> & { link: string; export: string }} Citing
 * @typedef {{ link: string; export: string; text: string }} Seeing
 */

/**
 * The page, as Markdown. A paper that several parts of a kind cite stands once, with all of them below it.
 *
 * @param {readonly Citing[]} parts
 * @param {readonly Seeing[]} [others] Functions that are no parts, and what they refer to.
 */
export function paperIndex(parts, others = []) {
  const kinds = [...new Set([...Object.keys(titles), ...parts.map(({ kind }) => kind)])];
  const sections = kinds.flatMap((kind) => {
    /** @type {Map<string, { citation: import('../../packages/core/src/index.js').Citation, lines: string[] }>} */
    const papers = new Map();
    for (const part of parts.filter((one) => one.kind === kind)) {
      for (const citation of part.cites) {
        /** @type {string[]} */
        const lines = papers.get(citation.url)?.lines ?? [];
        papers.set(citation.url, { citation, lines });
        lines.push(`- [\`${part.export}\`](${part.link})${citation.note === undefined ? '' : `: ${citation.note}`}`);
      }
    }
    if (papers.size === 0) return [];
    const entries = [...papers.values()].map(({ citation, lines }) => `${paper(citation)}\n\n${lines.join('\n')}`);
    return [`## ${titles[kind] ?? kind}`, ...entries];
  });
  if (others.length > 0) {
    sections.push('## Layers, losses, measurements and data');
    sections.push(others.map(({ link, export: name, text }) => `- [\`${name}\`](${link}): ${text}`).join('\n'));
  }
  const intro =
    "Published methods, what implements each, and settings that are the paper's. Departures from a paper stand in the reference " +
    'of the function, under Remarks. This page is made of what the parts say of themselves.';
  return `# Paper index\n\n${intro}\n\n${sections.join('\n\n')}\n`;
}

/** @param {import('../../packages/core/src/index.js').Citation} citation */
export function paper({ authors, title, venue, year, url }) {
  return `**${title}**. ${authors}, ${venue}, ${year}. <${url}>`;
}

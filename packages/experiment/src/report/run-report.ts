import { answerSections } from './answer-sections.js';
import { comparisonSection } from './comparison-section.js';
import { curveSections } from './curve-sections.js';
import { configurationSection, dataSection } from './data-sections.js';
import type { Section } from './page.js';
import type { ReportedRun } from './reported-run.js';
import { resultSection } from './result-section.js';

/** What a page says of runs: one, or several on the same axes. */
export function reportSections(runs: readonly ReportedRun[]): Section[] {
  const sections = [
    resultSection(runs),
    comparisonSection(runs),
    ...curveSections(runs),
    ...answerSections(runs),
    dataSection(runs),
    configurationSection(runs),
  ];
  return sections.filter((section) => section !== undefined);
}

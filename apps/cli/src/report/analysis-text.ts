import type { AnalysisDocument } from '@polytask/experiment';
import type { Colors } from '../io.js';
import { formatChange, formatSeconds, formatValue } from './format.js';
import { plainTable } from './table.js';

/** With many tasks a terminal shows the strongest pairs and no matrices: the folder has all of them. */
const most = { pairs: 20, columns: 16, named: 10 } as const;

type Matrix = readonly (readonly (number | null)[])[];

/** What an analysis found, as text: each measurement as a table, with what it says in sentences. */
export function analysisText(document: AnalysisDocument, colors: Colors): string {
  const names = document.tasks.map(({ name }) => name);
  const whole = document.status === 'interrupted' ? 'Stopped before its end, after' : 'Whole analysis:';
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [colors.bold(title), ...lines, ''];
  return [
    ...section('Labels', labelLines(document, colors)),
    ...section('Trained together', togetherLines(document, names, colors)),
    ...section('Features of single-task networks', featureLines(document, names, colors)),
    ...section('What they hold for other tasks', transferLines(document, names, colors)),
    ...section('What each task needs', neededLines(document)),
    ...section('Errors', errorLines(document, colors)),
    ...section('Gains of tasks trained together', jointLines(document, names, colors)),
    ...section('Groups', groupLines(document)),
    ...document.skipped.map(({ stage, reason }) => `Skipped: ${stage}; ${reason}.`),
    `${whole} ${formatSeconds(document.seconds)}`,
  ].join('\n');
}

function labelLines({ labels }: AnalysisDocument, colors: Colors): string[] {
  if (labels === undefined || labels.pairs.length === 0) return [];
  const sorted = [...labels.pairs].sort((a, b) => Math.abs(b.value ?? 0) - Math.abs(a.value ?? 0));
  const rows = sorted
    .slice(0, most.pairs)
    .map(({ tasks, measure, value, adjustedInformation, pValue, rows: both }) => [
      tasks.join(' – '),
      words[measure],
      formatValue(value),
      formatValue(adjustedInformation),
      formatValue(pValue),
      String(both),
    ]);
  const head = ['tasks', 'measure', 'value', 'information', 'p', 'rows with both'];
  const independent = sorted.filter(({ pValue }) => typeof pValue === 'number' && pValue > 0.05);
  const apart = sorted.filter(({ rows: both }) => both === 0);
  return [
    ...titled(head, rows, colors),
    ...furtherPairs(sorted.length),
    '  information: share of mutual information, less what chance gives; p: how probable it is without dependence.',
    ...(independent.length > 0 ? [`  No dependence is to be seen between ${pairsInWords(independent)}.`] : []),
    ...(apart.length > 0 ? [`  No row has labels of both ${pairsInWords(apart)}.`] : []),
  ];
}

const words = {
  pearson: 'correlation',
  'cramers-v': "Cramér's V",
  'correlation-ratio': 'correlation ratio',
  'canonical-correlation': 'canonical correlation',
} as const;

function pairsInWords(pairs: readonly { readonly tasks: readonly [string, string] }[]): string {
  return firstOf(
    pairs.map(({ tasks }) => tasks.join(' and ')),
    '; ',
  );
}

/** The first of a list, and how many more there are. */
function firstOf(items: readonly string[], separator: string): string {
  const more = items.length - most.named;
  return [...items.slice(0, most.named), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}

function furtherPairs(pairs: number): string[] {
  return pairs > most.pairs ? [`  … and ${pairs - most.pairs} further pairs, in analysis.json.`] : [];
}

function togetherLines({ observed, gains = {}, tasks }: AnalysisDocument, names: string[], colors: Colors): string[] {
  if (observed === undefined || names.length < 2) return [];
  const { affinity, cosine, conflictRate, looks } = observed;
  const helpers = names.map((name, t) => {
    const others = names.flatMap((other, i) => {
      const value = affinity[i]?.[t];
      return i === t || typeof value !== 'number' ? [] : [{ other, value }];
    });
    const best = others.sort((a, b) => b.value - a.value)[0];
    const worst = others.at(-1);
    const helped = best !== undefined && best.value > 0 ? `is helped most by ${best.other}` : 'is helped by none';
    const hurt = worst !== undefined && worst.value < 0 ? `, and hurt most by ${worst.other}` : '';
    return `  ${name} ${helped}${hurt}.`;
  });
  const changed = tasks.filter(({ name }) => typeof gains[name] === 'number');
  const against = changed.map(({ name, primaryMetric }) => {
    return `${name} ${formatChange(100 * (gains[name] as number))} (${primaryMetric})`;
  });
  return [
    colors.dim('Affinity: by how much a step for the row lowers the loss of the column, in percent'),
    ...matrixTable(names, affinity, colors, (value) => (100 * value).toFixed(3)),
    ...helpers,
    colors.dim(`Cosine between gradients, mean over ${looks} looks`),
    ...matrixTable(names, cosine, colors, undefined, true),
    ...conflictsInWords(names, conflictRate),
    ...(against.length > 0 ? [`  Together against alone, measured once: ${against.join(', ')}.`] : []),
  ];
}

function conflictsInWords(names: readonly string[], rates: Matrix): string[] {
  const pairs = names.flatMap((a, i) =>
    names.slice(i + 1).flatMap((b, n) => {
      const rate = rates[i]?.[i + 1 + n];
      return typeof rate === 'number' && rate > 0.5 ? [`${a} and ${b} (${Math.round(100 * rate)} %)`] : [];
    }),
  );
  return pairs.length === 0
    ? ['  No two tasks have gradients in conflict at more than half of the looks.']
    : [`  Gradients are in conflict at more than half of the looks: ${firstOf(pairs, ', ')}.`];
}

function featureLines({ features }: AnalysisDocument, names: string[], colors: Colors): string[] {
  if (features === undefined || names.length < 2) return [];
  return [
    colors.dim(
      'CKA: 1 where features are the same up to rotation and scale, about 0 where they have nothing in common',
    ),
    ...matrixTable(names, features.cka, colors, undefined, true),
  ];
}

function transferLines({ transfer, tasks }: AnalysisDocument, names: string[], colors: Colors): string[] {
  if (transfer === undefined || names.length < 2) return [];
  const { headGains } = transfer;
  if (headGains.flat().every((value) => value === null)) {
    return [
      colors.dim('LogME of the features of the row for the labels of the column; higher is better within a column'),
      ...matrixTable(names, transfer.logMe, colors),
    ];
  }
  const better = names.flatMap((name, j) =>
    names.flatMap((source, i) => {
      const gain = headGains[i]?.[j];
      const { primaryMetric = '' } = tasks[j] ?? {};
      return i !== j && typeof gain === 'number' && gain > 0.02
        ? [
            `  ${name} does better on the features of ${source} than on its own (${primaryMetric} ${formatChange(100 * gain)}).`,
          ]
        : [];
    }),
  );
  return [
    colors.dim(
      "A linear head for the column's task on the row's features, against one on its own; percent of the metric",
    ),
    ...matrixTable(names, headGains, colors, (value) => formatChange(100 * value)),
    ...better,
  ];
}

function neededLines({ inputs, units, tasks }: AnalysisDocument): string[] {
  const three = (row: readonly (number | null)[], columns: readonly string[]) =>
    columns
      .map((column, n) => ({ column, value: row[n] ?? 0 }))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value)
      .slice(0, 3)
      .map(
        ({ column, value }) =>
          `${column} (loss ${value < 9 ? formatChange(100 * value) : `× ${Math.round(1 + value)}`})`,
      );
  const ofInputs = tasks.flatMap(({ name }, t) => {
    const best = three(inputs?.importance[t] ?? [], inputs?.columns ?? []);
    return best.length === 0 ? [] : [`  ${name}: ${best.join(', ')}`];
  });
  const overlaps = (matrix: Matrix | undefined, what: string) => {
    const pairs = tasks.flatMap(({ name }, i) =>
      tasks.slice(i + 1).flatMap((other, n) => {
        const value = matrix?.[i]?.[i + 1 + n];
        return typeof value === 'number' ? [{ pair: `${name} and ${other.name}`, value }] : [];
      }),
    );
    const [most] = pairs.sort((a, b) => b.value - a.value);
    const least = pairs.at(-1);
    if (most === undefined || least === undefined || pairs.length < 2) return [];
    return [
      `  Most alike in the ${what} that they need: ${most.pair} (${formatValue(most.value)}); least: ${least.pair} (${formatValue(least.value)}).`,
    ];
  };
  return [
    ...ofInputs,
    // Two columns correlate fully whatever they are.
    ...((inputs?.columns.length ?? 0) < 3 ? [] : overlaps(inputs?.overlap, 'inputs')),
    ...overlaps(units?.overlap, 'units of the trunk'),
  ];
}

function errorLines({ errors }: AnalysisDocument, colors: Colors): string[] {
  if (errors === undefined || errors.pairs.length === 0) return [];
  const strongest = [...errors.pairs].sort((a, b) => Math.abs(b.q ?? 0) - Math.abs(a.q ?? 0));
  const shown = errors.pairs.length > most.pairs ? strongest.slice(0, most.pairs) : errors.pairs;
  const rows = shown.map((pair) => [
    pair.tasks.join(' – '),
    formatValue(pair.q),
    formatValue(pair.residualDependence),
    formatValue(pair.residualPValue),
    ...pair.information.map(formatValue),
    String(pair.rows),
  ]);
  const head = ['tasks', 'Q', 'residuals', 'p', 'added to first', 'to second', 'rows with both'];
  const heard = new Map<string, string[]>();
  for (const { tasks, information, informationPValues } of errors.pairs) {
    for (const side of [0, 1] as const) {
      const [value, p] = [information[side], informationPValues[side]];
      if (typeof value !== 'number' || typeof p !== 'number' || p >= 0.05 || value <= 0.01) continue;
      const [to, from] = [tasks[side], tasks[1 - side]] as [string, string];
      heard.set(to, [...(heard.get(to) ?? []), from]);
    }
  }
  const telling = [...heard].map(
    ([to, from]) => `  Of ${to}, predictions of ${firstOf(from, ', ')} say something that its own do not.`,
  );
  return [
    ...titled(head, rows, colors),
    ...furtherPairs(errors.pairs.length),
    '  Q: 1 where errors fall on the same rows, −1 where they never do. residuals: what labels have in common beyond the predictions.',
    '  added: what the prediction of one task tells of the other beyond its own, in nats, less what chance gives.',
    ...telling,
  ];
}

function jointLines({ jointRuns }: AnalysisDocument, names: string[], colors: Colors): string[] {
  if (jointRuns === undefined) return [];
  const { seeds, pairs, leaveOneOut, synergy, gains, approximation = [] } = jointRuns;
  const percent = (value: number) => formatChange(100 * value);
  const matrix = (title: string, values: Matrix | undefined) =>
    values === undefined ? [] : [colors.dim(title), ...matrixTable(names, values, colors, percent)];
  const known = names.flatMap((name) => (typeof gains[name] === 'number' ? [`${name} ${percent(gains[name])}`] : []));
  const misses = approximation.flatMap(({ estimated, measured }) =>
    estimated === null || measured === null ? [] : [Math.abs(estimated - measured)],
  );
  const miss = misses.reduce((sum, value) => sum + value, 0) / misses.length;
  return [
    ...matrix('Gain of the column with the row, against the column alone', pairs?.gains),
    ...matrix('Gain of the column among all tasks, against all but the row', leaveOneOut?.gains),
    ...matrix('Synergy: what the row and the others do for the column beyond what each does', synergy),
    ...(known.length > 0 ? [`  All together against alone: ${known.join(', ')}.`] : []),
    ...(misses.length > 0
      ? [`  Pairs miss the gains in larger groups by ${(100 * miss).toFixed(2)} % on average, of ${misses.length}.`]
      : []),
    seeds.length === 1
      ? '  Measured with one seed: another may say otherwise. `repeat` in the run file takes more.'
      : `  Means over ${seeds.length} seeds; analysis.json has the spread.`,
  ];
}

function groupLines({ grouping, jointRuns, status }: AnalysisDocument): string[] {
  const cover = jointRuns?.cover;
  const best = cover ?? grouping;
  if (best === undefined) return [];
  const inWords = (groups: readonly (readonly string[])[]) => groups.map((group) => group.join(' + ')).join('; ');
  const what = cover === undefined ? (grouping?.by ?? 'affinity') : 'gain';
  const inFigures = (value: number) =>
    (what === 'cosine' ? value.toFixed(3) : `${(100 * value).toFixed(3)} %`).replace('-', '−');
  // A larger budget that gives the same groups says nothing more.
  const different = best.byBudget.filter(
    ({ groups }, n) => inWords(groups) !== inWords(best.byBudget[n - 1]?.groups ?? []),
  );
  const lines = different.map(
    ({ budget, groups, score, bound }) =>
      `  at most ${budget}: ${inWords(groups)} (mean ${what} ${inFigures(score)}${bound > score + 1e-9 ? `; no grouping has more than ${inFigures(bound)}` : ''})`,
  );
  const found = best.byBudget[best.suggested - 1];
  const one = found === undefined || found.groups.length < 2;
  const files = best.sharing === undefined ? '; group-<n>.yaml train them' : '; grouped.yaml trains them as branches';
  const advice = one
    ? [`  Training all tasks together is as good as any grouping, by ${what}.`]
    : [`  Suggested: ${inWords(found.groups)}${status === 'interrupted' ? '' : files}.`];
  const guess =
    cover === undefined && !one
      ? [
          `  These groups are a guess: ${what} says what a step does. What groups gain is measured by \`--joint pairs\`.`,
        ]
      : [];
  const guessed = cover && grouping?.byBudget[grouping.suggested - 1];
  const [nearest] = grouping?.clusters ?? [];
  const alike =
    nearest === undefined
      ? []
      : [`  Most alike in features: ${nearest.tasks.join(' and ')} (CKA ${formatValue(1 - nearest.distance)}).`];
  return [
    ...lines,
    ...advice,
    ...guess,
    ...(guessed ? [`  By ${grouping?.by}: ${inWords(guessed.groups)}.`] : []),
    ...alike,
  ];
}

/** A K × K table; of a symmetric one the upper half alone. */
function matrixTable(
  names: readonly string[],
  matrix: Matrix,
  colors: Colors,
  format: (value: number) => string = (value) => value.toFixed(2).replace('-', '−'),
  symmetric = false,
): string[] {
  if (names.length > most.columns) return [`  ${names.length} × ${names.length}: see analysis.html.`];
  const rows = names.map((name, i) => [
    name,
    ...names.map((_, j) => {
      if (i === j || (symmetric && j < i)) return '';
      const value = matrix[i]?.[j];
      return typeof value === 'number' ? format(value).replace('-', '−') : '–';
    }),
  ]);
  return titled(['', ...names], rows, colors);
}

function titled(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string[] {
  return plainTable(
    head.map((title) => colors.dim(title)),
    rows,
  ).map((line) => `  ${line}`);
}

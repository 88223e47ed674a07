import { heatMap } from './heat-map.js';
import { lineChart } from './line-chart.js';
import type { Section } from './page.js';
import type { Picture } from './picture.js';
import { measured, type ReportedRun, taskNames } from './reported-run.js';
import { scatterChart } from './scatter-chart.js';
import { calibrationError, type TaskAnswers } from './test-part.js';

type Classes = Extract<TaskAnswers, { kind: 'classes' }>;
type Numbers = Extract<TaskAnswers, { kind: 'numbers' }>;

/** Classes whose table can still be read. */
const mostClasses = 30;
/** Points of one picture. */
const mostPoints = 600;

/** What the models answer for test rows: confusions, numbers, how sure they are. */
export function answerSections(runs: readonly ReportedRun[]): (Section | undefined)[] {
  const reasons = runs.flatMap(({ name, answers }) =>
    'reason' in answers ? [`Not shown for ${name}: ${answers.reason}`] : [],
  );
  const of = <Kind extends TaskAnswers>(kind: Kind['kind']) =>
    taskNames(runs).flatMap((task) =>
      runs.flatMap((run) => {
        const answers = 'reason' in run.answers ? undefined : run.answers.tasks[task];
        const title = runs.length > 1 ? `${task}: ${run.name}` : task;
        return answers?.kind === kind ? [{ task, title, run, answers: answers as Kind }] : [];
      }),
    );
  const [classes, numbers] = [of<Classes>('classes'), of<Numbers>('numbers')];
  const rows = runs.flatMap(({ answers }) => ('reason' in answers ? [] : [answers]));
  const some = rows.filter((part) => part.rows < part.of).map((part) => `${part.rows} of ${part.of} test rows.`);
  const missing: Section = { title: 'Answers for the test rows', notes: reasons };
  return [
    ...(reasons.length === 0 ? [] : [missing]),
    section(
      'Confusions',
      ['How often each class was answered for each; rows are the true classes.', ...some],
      [
        ...classes
          .filter(({ answers }) => answers.classes.length <= mostClasses)
          .map(({ title, answers }) => confusion(title, answers)),
      ],
    ),
    section('Predicted against true', ['On the dashed line both are equal.', ...some], numbers.map(({ title, answers }) => scatter(title, answers))), // biome-ignore format: one line
    section(
      'How sure, and how right',
      [
        'Rows by the probability that the model gave: on the dashed line it is right as often as it says. The larger a point, the more rows.',
        ...some,
      ],
      taskNames(runs).flatMap((task) => reliability(task, classes.filter((one) => one.task === task), runs)), // biome-ignore format: one line
    ),
  ];
}

function section(title: string, notes: readonly string[], pictures: readonly Picture[]): Section | undefined {
  return pictures.length === 0 ? undefined : { title, notes: [...new Set(notes)], pictures };
}

function confusion(title: string, { classes, counts }: Classes): Picture {
  const right = counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const all = counts.flat().reduce((sum, value) => sum + value, 0);
  return heatMap({
    title,
    description: `${right} of ${all} rows were answered right`,
    rows: classes,
    columns: classes,
    values: counts.map((row) => row.map((value) => (value === 0 ? null : value))),
    rowTitle: 'true',
    columnTitle: 'answered',
    format: String,
  });
}

function scatter(title: string, { pairs }: Numbers): Picture {
  const every = Math.max(1, Math.ceil(pairs.length / mostPoints));
  const points = pairs.filter((_, index) => index % every === 0);
  return scatterChart({ title, description: `${points.length} rows`, x: 'true', y: 'predicted', points });
}

function reliability(
  task: string,
  found: readonly { readonly run: ReportedRun; readonly answers: Classes }[],
  runs: readonly ReportedRun[],
): Picture[] {
  if (found.length === 0) return [];
  const errors = found.map(({ run, answers }) => {
    const error = measured(calibrationError(answers.bins));
    return runs.length > 1 ? `${run.name} ${error}` : error;
  });
  return [
    lineChart({
      title: `${task}: calibration error ${errors.join(', ')}`,
      description: 'How often the model is right, by how sure it is',
      x: found[0]?.answers.of === 'positive' ? 'probability of the positive answer' : 'probability of the answer',
      y: 'how often it is so',
      range: { x: [0, 1], y: [0, 1] },
      lines: [
        ...found.map(({ run, answers }) => {
          const most = Math.max(...answers.bins.map(({ rows }) => rows));
          return {
            name: runs.length > 1 ? run.name : 'found',
            colour: runs.indexOf(run),
            points: answers.bins.map(({ said, found: share }) => [said, share] as const),
            sizes: answers.bins.map(({ rows }) => 4 + 10 * Math.sqrt(rows / most)),
          };
        }),
        { name: 'as it says', points: [[0, 0], [1, 1]] as const, colour: 7, dashed: true, faint: true }, // biome-ignore format: one line
      ],
      width: 380,
      height: 330,
    }),
  ];
}

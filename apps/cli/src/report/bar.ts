import cliProgress from 'cli-progress';
import type { Output } from '../io.js';
import { printable } from '../printable.js';
import { formatLoss, formatRemaining } from './format.js';
import type { Standing } from './standing.js';

/** One line of a terminal that is written over and over. */
export interface Bar {
  show(standing: Standing): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

/** A bar on a terminal. */
export function createBar(stream: Output): Bar {
  const create = () =>
    new cliProgress.SingleBar({
      stream: stream as NodeJS.WriteStream,
      format: (_options, _params, payload) => formatBar(payload as Standing, stream.columns ?? 80),
      clearOnComplete: true,
      // Modes of the terminal stay as they are: nobody could restore them after a kill. The line never fills its row.
      hideCursor: false,
      linewrap: true,
      gracefulExit: false,
      fps: 10,
    });
  let bar: cliProgress.SingleBar | undefined;
  return {
    show(standing) {
      if (bar === undefined) {
        bar = create();
        bar.start(standing.steps, standing.step, standing);
      } else bar.update(standing.step, standing);
    },
    clear() {
      bar?.stop();
      bar = undefined;
    },
  };
}

const widestBar = 30;
const narrowestBar = 5;

/** The line: what fits, the bar taking what is left over. */
export function formatBar(standing: Standing, columns: number): string {
  const { epoch, epochs, step, steps, losses, rowsPerSecond, secondsLeft } = standing;
  const before = `  epoch ${epoch}/${epochs} `;
  const after = [
    ` ${step}/${steps}`,
    losses.map(([task, loss]) => `${printable(task)} ${formatLoss(loss)}`).join(' '),
    `${Math.round(rowsPerSecond)} rows/s`,
    `${formatRemaining(secondsLeft)} left`,
  ].join('  ');
  // One column stays free: some terminals begin a new line when the last is written.
  const width = Math.min(widestBar, columns - 1 - before.length - after.length);
  if (width < narrowestBar) return `${before}${after}`.slice(0, columns - 1);
  const done = Math.round((width * step) / Math.max(steps, 1));
  return `${before}${'█'.repeat(done)}${'░'.repeat(width - done)}${after}`;
}

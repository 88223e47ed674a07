import type { Change } from '@polytask/analysis';
import { isMapping } from '../config/paths.js';
import { applySetOption, type SetOption } from '../config/set-option.js';

/**
 * A configuration with a change in it.
 *
 * @param raw - As it was written.
 * @param sharing - What the tasks share, where `raw` leaves it to the default.
 */
export function applyChange(
  raw: Readonly<Record<string, unknown>>,
  sharing: unknown,
  { set, keep }: Change,
): Record<string, unknown> {
  const config = structuredClone(raw) as Record<string, unknown>;
  const paths = Object.keys(set);
  if (paths.some((path) => path.startsWith('sharing.')) && config.sharing === undefined)
    config.sharing = structuredClone(sharing);
  if (keep !== undefined && isMapping(config.sharing)) {
    const kept = Object.entries(config.sharing).filter(([option]) => keep.includes(option));
    config.sharing = Object.fromEntries(kept);
  }
  for (const [path, value] of Object.entries(set)) {
    const keys = path.split('.');
    const [first = '', ...inner] = keys;
    // `true` stands for a mapping of defaults.
    const short =
      inner.length === 2 && isMapping(config[first]) && typeof config[first][inner[0] as string] === 'boolean';
    if (short) delete (config[first] as Record<string, unknown>)[inner[0] as string];
    applySetOption(config, { where: 'advice', path: keys, value });
  }
  // The name of a part stands first.
  if (isMapping(config.sharing) && 'use' in config.sharing) {
    const { use, ...others } = config.sharing;
    config.sharing = { use, ...others };
  }
  const turns = (of: unknown) => isMapping(of) && Boolean(of.rotations);
  if (turns(raw.sharing) && !turns(config.sharing)) forgetRotations(config.balancing);
  return config;
}

/** Takes out, of a balancing and of those within it, how fast rotations learn: it is refused where a model has none. */
function forgetRotations(balancing: unknown): void {
  if (!isMapping(balancing)) return;
  if (balancing.use === 'roto-grad') {
    delete balancing.learningRate;
    delete balancing.decay;
  }
  forgetRotations(balancing.inner);
}

/** What turns one configuration into another: its keys that differ. */
export function changesOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): SetOption[] {
  return Object.entries(after)
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key]))
    .map(([key, value]) => ({ where: `advice on \`${key}\``, path: [key], value }));
}

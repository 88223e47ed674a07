/**
 * What makes compiled steps fast, so that each can be switched off alone: the file in the compiler, the function that finds where it
 * applies, and what that gives where it does not. The compiler knows nothing of it: its functions are wrapped when a benchmark is
 * bundled, and look at `globalThis.polytaskWithout`, a set of names.
 *
 * @type {Readonly<Record<string, { file: string, find: string, nothing: string }>>}
 */
export const tricks = {
  tail: { file: 'rewrite/find-tail.ts', find: 'findTail', nothing: 'undefined' },
  lanes: { file: 'rewrite/lanes.ts', find: 'findLanes', nothing: '[]' },
  factors: { file: 'rewrite/factors.ts', find: 'piecesOf', nothing: 'undefined' },
};

/**
 * Puts a switch before a function of a source.
 *
 * @param {string} source
 * @param {string} name
 */
export function switchable(source, name) {
  const { file, find, nothing } = /** @type {(typeof tricks)[string]} */ (tricks[name]);
  const declared = `function ${find}(`;
  if (!source.includes(declared)) throw new Error(`There is no \`${declared}\` in the compiler's ${file}.`);
  const wrapper = `function ${find}(...given: Parameters<typeof ${find}Always>) {
    return (globalThis as any).polytaskWithout?.has('${name}') ? ${nothing} : ${find}Always(...given);
  }`;
  const exported = source.includes(`export ${declared}`);
  const kept = source.replace(`${exported ? 'export ' : ''}${declared}`, `function ${find}Always(`);
  return `${kept}\n${exported ? 'export ' : ''}${wrapper}`;
}

/** The map that another map has for a key; an empty one at first. */
export function within<K, L, V>(
  maps: { get(key: K): Map<L, V> | undefined; set(key: K, map: Map<L, V>): unknown },
  key: K,
): Map<L, V> {
  const known = maps.get(key) ?? new Map<L, V>();
  maps.set(key, known);
  return known;
}

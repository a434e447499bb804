/**
 * What somebody probably meant: the names that differ least from the one that is not there.
 */

/** Names that contain the wanted one come first, then those with the fewest edits; at most `count`. */
export function nearestNames(wanted: string, names: readonly string[], count = 5): string[] {
  const key = wanted.toLowerCase();
  const distance = (name: string) => {
    const other = name.toLowerCase();
    return other.includes(key) ? (other.length - key.length) / 1_000 : editDistance(key, other);
  };
  return names
    .map((name) => ({ name, distance: distance(name) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Insertions, deletions and replacements that turn one into the other (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

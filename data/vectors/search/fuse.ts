/** The usual constant of reciprocal rank fusion: how much the first places stand out. */
const FLATTEN = 60;

/** Joins ranked lists by their ranks alone, for their scores have no common measure. Of equals the first list leads. */
export function fuse<Item>(
  lists: readonly (readonly Item[])[],
  keyOf: (item: Item) => string,
): { readonly item: Item; readonly score: number }[] {
  const fused = new Map<string, { item: Item; score: number }>();
  for (const list of lists) {
    for (const [rank, item] of list.entries()) {
      const known = fused.get(keyOf(item));
      const score = 1 / (FLATTEN + rank + 1);
      if (known) known.score += score;
      else fused.set(keyOf(item), { item, score });
    }
  }
  return [...fused.values()].sort((a, b) => b.score - a.score);
}

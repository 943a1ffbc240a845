// What somebody probably meant: the known word that a few slips of the fingers explain. Pure.

/** The known word nearest to `word`, if at most two slips, and fewer than half its letters, explain the difference. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const name of known) {
    const slips = distance(word, name);
    if (best === undefined || slips < best.slips) best = { name, slips };
  }
  return best !== undefined && best.slips <= 2 && best.slips * 2 <= best.name.length ? best.name : undefined;
}

/** Levenshtein distance; two letters that changed places count as one slip. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const slips = [replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1];
      if (swapped) slips.push((before[j - 2] ?? 0) + 1);
      next.push(Math.min(...slips));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

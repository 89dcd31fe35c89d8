/**
 * Which known name somebody meant who wrote another one.
 *
 * @module
 */

/** The known name nearest to `written`, or `undefined` when none is near enough to be meant. */
export function closestName(written: string, known: Iterable<string>): string | undefined {
  let closest: string | undefined;
  // A third of the letters may be wrong: `prot` is port, `foo` is nothing.
  let best = Math.max(2, Math.floor(written.length / 3)) + 1;
  for (const name of known) {
    const distance = name.startsWith(written) && written.length > 2
      ? 1
      : editDistance(written, name);
    if (distance < best) {
      best = distance;
      closest = name;
    }
  }
  return closest;
}

/** Letters to insert, delete or replace (Levenshtein), a swap of neighbours counting as one. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

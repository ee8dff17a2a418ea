/** Decides which known word a misspelt one probably meant, for the hint in an error message. */

const MAX_WORD = 24;
const MAX_EDITS = 2;

/**
 * The word that is at most two edits (one letter added, left out or replaced) and less than half of its length away from
 * `written`, or null. Case, "_" and "-" do not count, so `os_version` means `osVersion`. Words of equal distance: the
 * first. O(words × length²), with texts above 24 characters refused at once.
 */
export function nearestWord(written: string, words: readonly string[]): string | null {
  if (written.length > MAX_WORD) return null;
  let nearest: string | null = null;
  let fewest = MAX_EDITS + 1;
  for (const word of words) {
    const edits = editDistance(fold(written), fold(word));
    if (edits < fewest && edits * 2 < word.length) {
      nearest = word;
      fewest = edits;
    }
  }
  return nearest;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

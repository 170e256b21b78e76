// Which of some known texts a misspelt one is nearest to. Knows nothing of labels.

/** Texts longer than this are not compared letter by letter: no label and no value of a catalogue is. */
const COMPARED_LENGTH = 128;

/** Of a text, one letter in so many may be wrong. */
const LETTERS_PER_ERROR = 4;

/**
 * The texts nearest to `written`, nearest first, then by alphabet; `written` itself is left out. Letters in the wrong
 * case or between other signs (`-`, `_`, `.`, `/`) count less than other letters. O(texts × length²).
 */
export function nearTexts(written: string, known: Iterable<string>, limit: number): string[] {
  const most = Math.max(1, Math.floor(written.length / LETTERS_PER_ERROR));
  const found: { readonly text: string; readonly distance: number }[] = [];
  const plain = plainText(written);
  for (const text of known) {
    if (text === written || text === '') continue;
    // A text of two letters is one error away from too much.
    const distance =
      plainText(text) === plain ? 0.5 : written.length < 3 ? Infinity : editDistance(written, text, most);
    if (distance <= most) found.push({ text, distance });
  }
  found.sort((left, right) => left.distance - right.distance || (left.text < right.text ? -1 : 1));
  return found.slice(0, limit).map(({ text }) => text);
}

function plainText(text: string): string {
  return text.toLowerCase().replace(/[-_./]/g, '');
}

/** Letters to add, drop, change or swap with their neighbour; anything above `most` where it is more than that. */
function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  if (left.length > COMPARED_LENGTH || right.length > COMPARED_LENGTH) return most + 1;
  let beforeLast = new Array<number>(right.length + 1).fill(0);
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) least = Math.min(least, beforeLast[column - 2]! + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}

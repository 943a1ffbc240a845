// Measures how many columns a text takes in a terminal, cuts it to fit, and sets texts in columns. Wide characters take
// two columns, combining ones none. The door to string-width. Pure.

import stringWidth from 'string-width';

export function widthOf(text: string): number {
  // Most text is ASCII, whose width is its length.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter();

/** `text`, or its beginning and `ellipsis`, in at most `columns` columns. Never splits a character. */
export function cutTo(text: string, columns: number, ellipsis: string): string {
  if (widthOf(text) <= columns) return text;
  const room = columns - widthOf(ellipsis);
  if (room <= 0) return '.'.repeat(Math.max(0, columns));
  const kept: string[] = [];
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > room) break;
    kept.push(segment);
  }
  // Measured again as a whole: the segments may be wider together.
  while (kept.length > 0 && widthOf(kept.join('') + ellipsis) > columns) kept.pop();
  return kept.join('') + ellipsis;
}

export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

export function padBefore(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

const GAP = 2;

/** The texts side by side, as a shell lists candidates: read down, then right. @param texts safe for a terminal. */
export function inColumns(texts: readonly string[], columns: number, shownMax: number): readonly string[] {
  const shown = texts.slice(0, shownMax).map((text) => cutTo(text, columns, '...'));
  const width = Math.max(0, ...shown.map(widthOf)) + GAP;
  const across = Math.max(1, Math.floor((columns + GAP) / width));
  const height = Math.ceil(shown.length / across);
  const lines = Array.from({ length: height }, (_, row) => {
    const cells = shown.filter((_text, at) => at % height === row);
    return cells.map((cell, at) => (at === cells.length - 1 ? cell : padTo(cell, width))).join('');
  });
  return texts.length > shown.length ? [...lines, `and ${texts.length - shown.length} more`] : lines;
}

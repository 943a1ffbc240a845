// How many columns a text takes in a terminal, and how it is cut to fit: wide characters take two, combining ones none. The
// door to string-width. Pure.

import stringWidth from 'string-width';

export function widthOf(text: string): number {
  // Most texts are ASCII, whose width is its length.
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter();

/** `text`, or its beginning and `ellipsis`, in at most `columns` columns. Characters are never cut in two. */
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
  // The whole is measured again: what was cut apart may be wider together.
  while (kept.length > 0 && widthOf(kept.join('') + ellipsis) > columns) kept.pop();
  return kept.join('') + ellipsis;
}

export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

export function padBefore(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

// Words side by side in columns, as a shell lists what could be meant. Pure.

import { cutTo, padTo, widthOf } from './text-width.js';

const GAP = 2;

/** Read down, then right. @param texts safe for a terminal. */
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

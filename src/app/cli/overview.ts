// What `mtorrent --help` prints: one screen, examples first, each command in a line or two. It comes from the
// declarations that the parser gets, but without loading the parser. Pure.

import { command } from '../../foundation/base/shell-line.js';
import type { CommandEntry } from '../completion/command-table.js';

const ANCHOR = `Move files between many machines at once. First look: ${command('demo')}`;
const EXAMPLES: readonly (readonly [line: string, purpose: string])[] = [
  [command(), 'open a console; the first share needs no setup'],
  [command('share', 'disk.img'), 'share a file until stopped'],
  [command('get', 'disk.img.mtorrent'), 'download it, then exit'],
];
const USAGE_WIDTH = 33;
const GAP = 2;

/** @param columns of the terminal. */
export function overview(entries: readonly CommandEntry[], columns: number): string {
  const rows = entries
    .filter(({ words }) => words !== '' && !words.includes(' '))
    .flatMap((entry) => row(usageOf(entry), entry.description, columns));
  const examples = EXAMPLES.flatMap(([line, purpose]) => row(line, purpose, columns));
  const more = 'For one command: mtorrent <command> --help. For everything: man mtorrent';
  return [ANCHOR, '', ...examples, '', 'Commands:', ...rows, '', more].join('\n');
}

function usageOf({ words, positionals }: CommandEntry): string {
  const places = positionals.map(({ name, isRequired, repeats }) => {
    const shown = repeats ? `${name}..` : name;
    return isRequired ? `<${shown}>` : `[${shown}]`;
  });
  return [words, ...places].join(' ');
}

/** The description beside the usage, wrapped; below it when the usage is long. */
function row(usage: string, description: string, columns: number): readonly string[] {
  const indent = ' '.repeat(GAP + USAGE_WIDTH + GAP);
  const [first = '', ...rest] = wrapped(description, Math.max(20, columns - indent.length - 1));
  const lines = [first, ...rest].map((line) => indent + line);
  if (usage.length > USAGE_WIDTH) return [`  ${usage}`, ...lines];
  return [`  ${usage.padEnd(USAGE_WIDTH + GAP)}${first}`, ...lines.slice(1)];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

// What the README shows of terminals, as something that can be played: what is typed in a block is typed, and what is
// shown there must come, figures aside. Decides and waits only; a terminal is handed in.

import type { TerminalProcess } from './terminal.js';

const PROMPT = 'mtorrent> ';
/** Ports from here on are the kernel's choice. */
const CHOSEN_PORT = 32_768;

const TOKEN =
  /(?<invitation>\bmtj1…)|(?<link>\bmtorrent:[0-9a-f]{40}-[\w-]{43}-\d+-\d+@)|(?<address>\b\d+\.\d+\.\d+\.\d+:\d+)|(?<digest>\b(?:[0-9a-f]{24})?[0-9a-f]{40}\b)|(?<bar>[█░]+)|(?<![\w.-])(?<number>\d[\d.]*)(?<unit> (?:B|[KMGT]iB|ms|s)\b)?|(?<gap>\s+)|(?<other>.)/gu;

/**
 * A row like `line`: figures, digests, ports that the kernel chose, and what a doctor thinks of a figure may differ.
 */
export function patternOf(line: string): RegExp {
  const [, verdict, rest = line] = /^(ok {4})(.*)$/.exec(line) ?? [];
  const parts = [...rest.trim().matchAll(TOKEN)].map(({ groups = {} }) => {
    const { invitation, link, address, digest, bar, number, unit, gap, other = '' } = groups;
    if (invitation !== undefined) return 'mtj1[a-z2-7]+';
    if (link !== undefined) return 'mtorrent:[0-9a-f]{40}-[\\w-]{43}-\\d+-\\d+@';
    if (address !== undefined) return patternOfAddress(address);
    if (digest !== undefined) return `[0-9a-f]{${digest.length}}`;
    if (bar !== undefined) return '[█▏▎▍▌▋▊▉░]+';
    if (number !== undefined) return `[\\d.]+${unitsLike(unit)}`;
    return gap === undefined ? escaped(other) : '\\s+';
  });
  return new RegExp(`^\\s*${verdict === undefined ? '' : '(?:ok|note) +'}${parts.join('')}\\s*$`, 'm');
}

function patternOfAddress(address: string): string {
  const [host = '', port = ''] = address.split(':');
  return `${escaped(host)}:${Number(port) < CHOSEN_PORT ? port : '\\d+'}`;
}

/** Sizes may be of another size, times of another length. */
function unitsLike(unit: string | undefined): string {
  if (unit === undefined) return '';
  return unit.endsWith('B') ? ' (?:B|[KMGT]iB)' : ' m?s';
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * Plays a console's part of a block. The terminal is at its start, and the last line that is typed is not waited for.
 */
export async function playConsole(terminal: TerminalProcess, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const typed = line.startsWith(PROMPT.trim()) ? line.slice(PROMPT.length) : undefined;
    if (typed === undefined) await terminal.until(patternOf(line), `a row like "${line}"`);
    else await terminal.prompts();
    if (typed) terminal.type(`${typed}\r`);
  }
}

/** The line that a console has printed for another machine, once it is whole. */
export async function invitationOn(terminal: TerminalProcess): Promise<string> {
  const lines = await terminal.until(/^mtorrent join mtj1[a-z2-7]+\s*\n+mtorrent>/m, 'the line for another machine');
  return lines.find((line) => line.startsWith('mtorrent join mtj1'))?.trim() ?? '';
}

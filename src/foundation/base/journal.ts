// What the journal of systemd takes before a line: its priority, as `<4>`. It is written only where the stream really
// goes to the journal, which systemd says by device and inode: a program that redirects it gets plain lines.

import fs from 'node:fs';

/** As syslog numbers them. */
const PRIORITIES = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
export type Priority = keyof typeof PRIORITIES;

const STDERR = 2;

/** `<4>` where the stream goes to the journal, else ''. */
export function journalPrefix(priority: Priority, fd = STDERR): string {
  return goesToJournal(fd) ? `<${PRIORITIES[priority]}>` : '';
}

/** A sentence of a service for stderr, with its line feed; each of its lines has the priority. */
export function serviceLines(text: string, priority: Priority): string {
  const prefix = journalPrefix(priority);
  return text
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('');
}

const known = new Map<number, boolean>();

function goesToJournal(fd: number): boolean {
  let is = known.get(fd);
  if (is === undefined) {
    const { JOURNAL_STREAM } = process.env;
    is = JOURNAL_STREAM !== undefined && isStream(JOURNAL_STREAM, fd);
    known.set(fd, is);
  }
  return is;
}

function isStream(named: string, fd: number): boolean {
  try {
    const { dev, ino } = fs.fstatSync(fd, { bigint: true });
    return named === `${dev}:${ino}`;
  } catch {
    // A closed stream goes nowhere.
    return false;
  }
}

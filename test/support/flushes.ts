// A trace of strace as what reached the disk in which order: calls in the order in which they ended, so that a flush
// counts from when it was done.

import assert from 'node:assert/strict';
import { dirname } from 'node:path';

export interface Call {
  readonly name: string;
  /** All between the brackets, with paths of descriptors as `-y` writes them. */
  readonly words: string;
}

/** What succeeded. @param trace written with `-f -y`. */
export function callsIn(trace: string): readonly Call[] {
  const begun = new Map<string, string>();
  const calls: Call[] = [];
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, start] = /^(.*) <unfinished \.\.\.>$/.exec(rest) ?? [];
    if (start !== undefined) {
      begun.set(thread, start);
      continue;
    }
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
    const whole = end === undefined ? rest : `${begun.get(thread) ?? ''}${end}`;
    const [, name, words, result = ''] = /^(\w+)\((.*)\) += (-?\d+)/.exec(whole) ?? [];
    if (name !== undefined && words !== undefined && !result.startsWith('-')) calls.push({ name, words });
  }
  return calls;
}

/** Where a file got its name, of those whose path fits. */
export function namings(calls: readonly Call[], fits: RegExp): readonly { at: number; from: string; to: string }[] {
  return calls.flatMap(({ name, words }, at) => {
    const [, from = '', to = ''] = /^"([^"]*)", "([^"]*)"/.exec(words) ?? [];
    return (name === 'rename' || name === 'link') && fits.test(to) ? [{ at, from, to }] : [];
  });
}

/** A file has its name only when it is flushed, and the name is flushed before `told`, an index of `calls`. */
export function assertDurable(
  calls: readonly Call[],
  { at, from, to }: { readonly at: number; readonly from: string; readonly to: string },
  told: number,
): void {
  const isFlush = (path: string) => (call: Call) =>
    /^f(data)?sync$/.test(call.name) && call.words.includes(`<${path}>`);
  assert.ok(calls.slice(0, at).some(isFlush(from)), `${to} has its name before it is flushed`);
  assert.ok(calls.slice(at, told).some(isFlush(dirname(to))), `${to} is told of before its directory is flushed`);
}

export function assertDirectoryDurable(calls: readonly Call[], path: string, told: number): void {
  const made = calls.findIndex(({ name, words }) => name === 'mkdir' && words.startsWith(`"${path}"`));
  assert.ok(made >= 0, `${path} is made`);
  const isFlushed = calls
    .slice(made, told)
    .some(({ name, words }) => name === 'fsync' && words.includes(`<${dirname(path)}>`));
  assert.ok(isFlushed, `${path} is told of before the directory above it is flushed`);
}

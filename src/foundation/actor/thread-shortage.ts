// Why a thread cannot be started when that is the fault of a limit or of the machine, not of this program.

import { readFileSync } from 'node:fs';
import { formatBytes } from '../base/bytes.js';
import { errnoOf, MiniTorrentError } from '../base/errors.js';
import { PROCESS_DESCRIPTORS, THREAD_ADDRESS_BYTES, THREAD_DESCRIPTORS } from './limits.js';

const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE: 'this process may not open the files that its threads need (EMFILE); raise `ulimit -n`',
  ENFILE: 'this machine has too many files open for another thread (ENFILE); end other programs, or raise fs.file-max',
  EAGAIN:
    'this user or its container has too many processes and threads (EAGAIN); raise `ulimit -u`, or the limit of tasks of the unit or container',
  ENOMEM: 'the system has no memory left for another thread (ENOMEM); end other programs',
};

/** @param error of a thread that did not start. Undefined: something else is wrong. */
export function shortageOf(error: unknown): MiniTorrentError | undefined {
  const name = /\b(?:EMFILE|ENFILE|EAGAIN|ENOMEM)\b/.exec(String(error))?.[0];
  const sentence = name === undefined ? undefined : SHORTAGES[name];
  return sentence === undefined ? undefined : new MiniTorrentError('LIMIT_REACHED', sentence, error);
}

/**
 * Throws LIMIT_REACHED where the limits of this process have no room for `threads` more: without addresses V8 ends it,
 * and without descriptors Node takes a file of the program that it cannot open for one that is not there.
 */
export function refuseWithoutRoom(threads: number, files: ProcessFiles = PROCESS_FILES): void {
  const limits = files.limits();
  const [open, opened] = [limitOf(limits, 'Max open files'), PROCESS_DESCRIPTORS + threads * THREAD_DESCRIPTORS];
  if (open < opened) {
    const sentence = `this process may open ${open} files, and with its threads it needs ${opened}; raise \`ulimit -n\``;
    throw new MiniTorrentError('LIMIT_REACHED', sentence);
  }
  const addresses = limitOf(limits, 'Max address space');
  if (addresses === Number.POSITIVE_INFINITY) return;
  const used = Number(/^VmSize:\s+(\d+) kB/m.exec(files.status())?.[1] ?? 0) * 1_024;
  const needed = used + threads * THREAD_ADDRESS_BYTES;
  if (needed <= addresses) return;
  const sentence = `this process may use ${formatBytes(addresses)} of addresses, and with its threads it needs ${formatBytes(needed)}; raise \`ulimit -v\` to ${Math.ceil(needed / 1_024)} or more, or lift it`;
  throw new MiniTorrentError('LIMIT_REACHED', sentence);
}

/** Infinity: there is none, or the system does not say. */
function limitOf(limits: string, name: string): number {
  return Number(new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** What proc(5) says of this process; nothing without /proc. */
export interface ProcessFiles {
  limits(): string;
  status(): string;
}

const PROCESS_FILES: ProcessFiles = { limits: () => read('limits'), status: () => read('status') };

function read(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'latin1');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}

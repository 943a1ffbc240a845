// Identifies the holder of a lock in one line, for whoever is refused: a pid names a process only together with its pid
// namespace, its boot and its host. Decides nothing.

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /**
   * Differs between machines and between starts of one; the same in all containers of a kernel. Empty where there is
   * none.
   */
  readonly boot: string;
  /** Empty where there are none. */
  readonly pidNamespace: string;
  /** Milliseconds between two of its signs of life; undefined when it gives none. */
  readonly beatMs?: number | undefined;
}

const HOST_CHARACTERS_MAX = 64;

export function thisProcess(): Holder {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'));
  const pidNamespace = textOf(() => readlinkSync('/proc/self/ns/pid'));
  return { pid: process.pid, host: plain(hostname()), boot: plain(boot), pidNamespace: plain(pidNamespace) };
}

/** The pid first: 0.1 wrote nothing else, and reads nothing else. */
export function holderLine({ pid, host, boot, pidNamespace, beatMs }: Holder): string {
  return [pid, host || '-', boot || '-', pidNamespace || '-', ...(beatMs === undefined ? [] : [beatMs])].join(' ');
}

/** Undefined when the line names no process. What a holder of 0.1 leaves out counts as ours. */
export function parseHolder(line: string, self: Holder): Holder | undefined {
  const [first = '', host, boot, pidNamespace, beat = ''] = line.trim().split(' ');
  const pid = Number(first);
  if (!/^\d{1,10}$/.test(first) || pid === 0) return undefined;
  const field = (text: string | undefined, own: string): string =>
    text === undefined ? own : text === '-' ? '' : plain(text);
  return {
    pid,
    host: field(host, self.host),
    boot: field(boot, self.boot),
    pidNamespace: field(pidNamespace, self.pidNamespace),
    beatMs: /^[1-9]\d{0,6}$/.test(beat) ? Number(beat) : undefined,
  };
}

/** Whether the kernel of this process knows if the holder lives. */
export function isOnThisKernel(holder: Holder, self: Holder): boolean {
  return holder.boot === self.boot && (self.boot !== '' || holder.host === self.host);
}

/** For a sentence: 'process 7', and where that pid is to be looked for when it is not here. */
export function nameOf(holder: Holder | undefined, self: Holder): string {
  if (holder === undefined) return 'another process';
  const { pid, host } = holder;
  if (!isOnThisKernel(holder, self)) return `process ${pid} on host ${host}`;
  if (holder.pidNamespace !== self.pidNamespace)
    return `process ${pid} of another pid namespace (a container with the host name ${host})`;
  return `process ${pid}`;
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    // No Linux, or /proc is hidden: then nothing is known of it.
    return '';
  }
}

function plain(text: string): string {
  return text.replace(/[^\w.:[\]-]/g, '').slice(0, HOST_CHARACTERS_MAX);
}

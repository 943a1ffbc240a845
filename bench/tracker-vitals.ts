// What Linux tells of another process and of a file system, for benches that must not ask the process itself: asking
// would wait behind the load. NaN where there is no /proc.

import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';

/** Of `/proc/PID/stat`: Linux gives user space 100 ticks a second on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  16914836: 'tmpfs (memory: an fsync costs nothing there)',
  61267: 'ext4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  801189825: 'zfs',
};

export function fileSystemOf(path: string): string {
  const { type } = statfsSync(path);
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
}

export function rssBytes(pid: number): number {
  return statusKib(pid, 'VmRSS') * 1024;
}

export function rssPeakBytes(pid: number): number {
  return statusKib(pid, 'VmHWM') * 1024;
}

/** User and system time of all its threads. */
export function cpuSeconds(pid: number): number {
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields after it.
  const fields = procText(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Seconds that all cores of this machine were at work or taken away by its host, since it started. */
export function machineBusySeconds(): number {
  const [user, nice, system, , , irq, softIrq, steal] = (/^cpu +(.*)/.exec(hostText('stat'))?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (
    [user, nice, system, irq, softIrq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? Number.NaN), 0) /
    TICKS_PER_SECOND
  );
}

/** Bytes that it has had written to disks, of which memory is none; else those that it gave to files and sockets. */
export function writtenBytes(pid: number, isDisk: boolean): number {
  const field = isDisk ? /^write_bytes: (\d+)/m : /^wchar: (\d+)/m;
  return Number(field.exec(procText(pid, 'io'))?.[1] ?? Number.NaN);
}

export function descriptorCount(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

/** Files that this process, and those it starts, may open. */
export function descriptorsMax(): number {
  const max = /^Max open files\s+(\d+)/m.exec(procText(process.pid, 'limits'))?.[1];
  return max === undefined ? Number.NaN : Number(max);
}

/** Bytes of those of `paths` that exist. */
export function fileBytes(...paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function statusKib(pid: number, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(procText(pid, 'status'));
  return match === null ? Number.NaN : Number(match[1]);
}

function procText(pid: number, name: string): string {
  return hostText(`${pid}/${name}`);
}

function hostText(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return '';
  }
}

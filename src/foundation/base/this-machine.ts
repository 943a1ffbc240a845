// What this process may use of its machine: cores and memory, as the system has them and as a container limits them. It
// looks once; what cannot be read is no limit.

import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { bytesOfMemoryMax, coresOfCpuMax, coresOfQuota, groupFiles } from './control-groups.js';
import { errnoOf } from './errors.js';

export interface Machine {
  /** At least 1: those of the system, or as many as the quota fills. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Cores that the system gives without a quota. */
  readonly systemCores: number;
  /** In cores, such as 1.5; undefined: none, or more than there is. */
  readonly cpuQuota: number | undefined;
  /** Undefined: none, or more than there is. */
  readonly memoryLimitBytes: number | undefined;
  /** Several threads can listen on one port. */
  readonly sharesPorts: boolean;
  /** Files and sockets that this process may have open; Infinity where the system does not say. */
  readonly openFiles: number;
}

/** What the system has, and where its files are: another root for tests. */
export interface System {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly root: string;
}

export function lookAtMachine(
  system: System = { cores: availableParallelism(), memoryBytes: totalmem(), root: '/' },
): Machine {
  const { cores, memoryBytes, root } = system;
  const read = (path: string): string => textOf(join(root, path));
  const [self, mounts] = [read('/proc/self/cgroup'), read('/proc/self/mountinfo')];
  const limits = (controller: 'cpu' | 'memory', limitIn: (directory: string, version: 1 | 2) => number | undefined) =>
    groupFiles(self, mounts, controller).flatMap(({ version, directories }) =>
      directories.flatMap((directory) => limitIn(directory, version) ?? []),
    );
  const quota = Math.min(
    ...limits('cpu', (directory, version) =>
      version === 2
        ? coresOfCpuMax(read(`${directory}/cpu.max`))
        : coresOfQuota(read(`${directory}/cpu.cfs_quota_us`), read(`${directory}/cpu.cfs_period_us`)),
    ),
  );
  const limit = Math.min(
    ...limits('memory', (directory, version) =>
      bytesOfMemoryMax(read(`${directory}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`)),
    ),
  );
  return {
    cores: Math.max(1, Math.min(cores, Math.ceil(quota))),
    memoryBytes: Math.min(memoryBytes, limit),
    systemCores: cores,
    cpuQuota: quota < cores ? quota : undefined,
    memoryLimitBytes: limit < memoryBytes ? limit : undefined,
    sharesPorts: sharesPorts(process.platform, process.versions.node),
    openFiles: openFilesIn(read('/proc/self/limits')),
  };
}

/** Empty when it is not there or may not be read: there is no such limit then, or none that we could know. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}

/** Files and sockets that this process may have open; Infinity where the system does not say. */
export function openFilesLimit(): number {
  return openFilesIn(textOf('/proc/self/limits'));
}

function openFilesIn(limits: string): number {
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}

let aes: boolean | undefined;

/** Whether the processor encrypts by instructions of its own. Where the system does not say, it does. */
export function hasAesInstructions(): boolean {
  aes ??= saysAes(textOf('/proc/cpuinfo'));
  return aes;
}

/** @param cpuInfo as Linux writes it for x86 (`flags`) and ARM (`Features`). */
function saysAes(cpuInfo: string): boolean {
  const words = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1];
  return words === undefined || /\baes\b/.test(words);
}

/** Node passes SO_REUSEPORT on since 22.12 and 23.1; only Linux spreads the connections. */
export function sharesPorts(platform: string, nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return platform === 'linux' && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));
}

/** Bytes of memory that this process has; 0 where the system does not say, as without /proc. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
}

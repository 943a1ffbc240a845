// Reads the texts in which Linux says which control groups this process is in and what each of them may use. A text
// that cannot be read limits nothing. Pure.

import { GROUP_LEVELS_MAX } from './limits.js';

/** A limit of this kind, in the files of one group. */
export interface GroupFiles {
  readonly version: 1 | 2;
  /** Absolute: this process's own group first, then the groups around it, up to the root of what can be seen. */
  readonly directories: readonly string[];
}

interface Mount {
  /** Path of its root within the tree of groups. */
  readonly root: string;
  readonly point: string;
  readonly kind: string;
  /** Of version 1: the names of its controllers. */
  readonly options: readonly string[];
}

/**
 * Where limits of `controller` may stand. @param self text of /proc/self/cgroup. @param mountinfo text of
 * /proc/self/mountinfo.
 */
export function groupFiles(self: string, mountinfo: string, controller: 'cpu' | 'memory'): readonly GroupFiles[] {
  const mounts = mountinfo.split('\n').flatMap((line) => mountOf(line) ?? []);
  return self.split('\n').flatMap((line) => {
    const [, hierarchy, controllers = '', path = ''] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (hierarchy === undefined) return [];
    const version = hierarchy === '0' ? 2 : 1;
    if (version === 1 && !controllers.split(',').includes(controller)) return [];
    const mount = mounts.find(({ kind, options }) =>
      version === 2 ? kind === 'cgroup2' : kind === 'cgroup' && options.includes(controller),
    );
    return mount === undefined ? [] : [{ version, directories: directoriesOf(mount, path) }];
  });
}

/** Text of cpu.max as a number of cores; undefined: no limit. */
export function coresOfCpuMax(text: string): number | undefined {
  const [quota = '', period = ''] = text.trim().split(/\s+/);
  return coresOf(quota, period);
}

/** Texts of cpu.cfs_quota_us and cpu.cfs_period_us. */
export function coresOfQuota(quota: string, period: string): number | undefined {
  return coresOf(quota.trim(), period.trim());
}

/** Text of memory.max or memory.limit_in_bytes; undefined: no limit. */
export function bytesOfMemoryMax(text: string): number | undefined {
  return positive(text.trim());
}

function coresOf(quota: string, period: string): number | undefined {
  const [most, of] = [positive(quota), positive(period)];
  return most === undefined || of === undefined ? undefined : most / of;
}

function positive(digits: string): number | undefined {
  const value = /^\d{1,19}$/.test(digits) ? Number(digits) : 0;
  return value > 0 ? value : undefined;
}

/** Undefined for a line that describes no tree of groups. */
function mountOf(line: string): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [kind, , options = ''] = after.split(' ');
  if (root === undefined || point?.startsWith('/') !== true || point.split('/').includes('..')) return undefined;
  if (kind !== 'cgroup' && kind !== 'cgroup2') return undefined;
  return { root: unescaped(root), point: unescaped(point), kind, options: options.split(',') };
}

/** The kernel writes spaces, tabs, line ends and backslashes as their octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function directoriesOf({ root, point }: Mount, path: string): readonly string[] {
  const parts = partsBelow(root === '/' ? '' : root, path);
  return Array.from({ length: parts.length + 1 }, (_, up) => [point, ...parts.slice(0, parts.length - up)].join('/'));
}

/**
 * A group that cannot be seen from here (a container in a namespace of its own, or `..`) counts as the root of what
 * can.
 */
function partsBelow(root: string, path: string): readonly string[] {
  if (path !== root && !path.startsWith(`${root}/`)) return [];
  const parts = path
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '');
  return parts.length > GROUP_LEVELS_MAX || parts.includes('..') ? [] : parts;
}

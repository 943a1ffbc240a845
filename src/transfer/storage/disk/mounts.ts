// Which mount a path lies on, and whether a call there may wait for a network, found without touching its disk, which
// may hang. Where the system does not say, everything lies on one.

import { readFileSync, statfsSync } from 'node:fs';
import { errnoOf } from '../../../foundation/base/errors.js';
import { MOUNTS_KEPT_MS } from '../limits.js';

/** File systems on disks of this machine, as mountinfo names them, and by their type in statfs(2). */
const LOCAL_FILE_SYSTEMS: readonly (readonly [name: string, type: number])[] = [
  ['ext2', 0xef53],
  ['ext3', 0xef53],
  ['ext4', 0xef53],
  ['xfs', 0x58465342],
  ['btrfs', 0x9123683e],
  ['zfs', 0x2fc12fc1],
  ['f2fs', 0xf2f52010],
  ['tmpfs', 0x01021994],
  ['overlay', 0x794c7630],
];
const LOCAL_NAMES = new Set(LOCAL_FILE_SYSTEMS.map(([name]) => name));
const LOCAL_TYPES = new Set(LOCAL_FILE_SYSTEMS.map(([, type]) => type));

export interface Mount {
  readonly point: string;
  /** Name of its file system. */
  readonly type: string;
  /** `major:minor` of the device; mounts of one disk share it. */
  readonly device: string;
}

let known: { readonly mounts: readonly Mount[]; readonly readMs: number } | undefined;

/** The mounts of this system, the longest path first, and of one path the visible one; read anew now and then. */
export function mounts(): readonly Mount[] {
  const nowMs = performance.now();
  if (known === undefined || nowMs - known.readMs > MOUNTS_KEPT_MS) known = { mounts: readMounts(), readMs: nowMs };
  return known.mounts;
}

/** The same, read anew. */
export function mountsNow(): readonly Mount[] {
  known = undefined;
  return mounts();
}

function readMounts(): readonly Mount[] {
  try {
    return mountsIn(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/** @param mountinfo as proc(5) describes it. */
export function mountsIn(mountinfo: string): readonly Mount[] {
  const found = mountinfo.split('\n').flatMap((line): readonly Mount[] => {
    const [, , device = '', , point] = line.split(' ');
    return point === undefined
      ? []
      : [{ point: plain(point), type: line.split(' - ')[1]?.split(' ')[0] ?? '', device }];
  });
  // What is mounted later at a path hides what was there.
  return found.reverse().sort((a, b) => b.point.length - a.point.length);
}

/** Its mount points, the longest first. */
export function mountPoints(): readonly string[] {
  return mounts().map(({ point }) => point);
}

/** The mount of `path` when its calls may wait for ever, as those of a network disk; undefined on a disk from here. */
export function mountThatMayHang(path: string): string | undefined {
  const all = mounts();
  if (all.length === 0) return isLocalByAsking(path) ? undefined : '/';
  const mount = all.find(({ point }) => isBelow(path, point));
  return mount === undefined || LOCAL_NAMES.has(mount.type) ? undefined : mount.point;
}

/** Without mountinfo the disk itself is asked. */
function isLocalByAsking(path: string): boolean {
  try {
    return LOCAL_TYPES.has(statfsSync(path).type);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // It is gone: the read will fail.
    return false;
  }
}

/** Where the disk of `path` is mounted: the outermost of the mounts of its device there. Undefined: nobody says. */
export function diskOf(path: string, all: readonly Mount[]): string | undefined {
  const around = all.filter(({ point }) => isBelow(path, point));
  const other = around.findIndex(({ device }) => device !== around[0]?.device);
  return around.at(other < 0 ? -1 : other - 1)?.point;
}

/** @param points as of `mountPoints`. */
export function mountOf(path: string, points: readonly string[]): string {
  return points.find((point) => isBelow(path, point)) ?? '/';
}

export function isBelow(path: string, point: string): boolean {
  return path === point || path.startsWith(point === '/' ? '/' : `${point}/`);
}

/** Blanks and the like are written in octal. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

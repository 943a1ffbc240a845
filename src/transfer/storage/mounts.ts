// Which mount a path lies on, found without touching its disk, which may hang. Where the system does not say,
// everything lies on one.

import { readFileSync } from 'node:fs';
import { errnoOf } from '../../foundation/base/errors.js';

/** The mount points of this system, the longest first. */
export function mountPoints(): readonly string[] {
  try {
    return mountPointsIn(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/** @param mountinfo as proc(5) describes it. */
export function mountPointsIn(mountinfo: string): readonly string[] {
  const points = mountinfo.split('\n').flatMap((line) => line.split(' ')[4] ?? []);
  return points.map(plain).sort((a, b) => b.length - a.length);
}

/** @param points as of `mountPoints`. */
export function mountOf(path: string, points: readonly string[]): string {
  return points.find((point) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`)) ?? '/';
}

/** Blanks and the like are written in octal. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

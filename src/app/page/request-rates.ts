// How many requests a second a tracker is sent, from its counts at looks of the last half minute: many clients say
// something each ten seconds. Pure.

const SPAN_MS = 30_000;

export interface RequestCountsRow {
  readonly uptimeMs: number;
  readonly requests: number;
  /** A tracker of an earlier release does not tell the sorts apart. */
  readonly announces?: number;
  readonly summaries?: number;
  readonly pings?: number;
}

/** The looks that still count, with this one; of a tracker that began anew only this one. */
export function looksWith(before: readonly RequestCountsRow[], now: RequestCountsRow): readonly RequestCountsRow[] {
  return [...before.filter(({ uptimeMs }) => uptimeMs < now.uptimeMs && uptimeMs >= now.uptimeMs - SPAN_MS), now];
}

/** @param before the oldest look that counts. Undefined before there were two, and after the tracker began anew. */
export function requestWords(before: RequestCountsRow | undefined, now: RequestCountsRow): string | undefined {
  const passedMs = before === undefined ? 0 : now.uptimeMs - before.uptimeMs;
  if (before === undefined || passedMs <= 0) return undefined;
  const rate = (count: number, earlier: number): string =>
    ((Math.max(0, count - earlier) * 1_000) / passedMs).toFixed(1);
  const all = `${rate(now.requests, before.requests)} requests a second in the last ${Math.round(passedMs / 1_000)} s`;
  const sorts = (['announces', 'summaries', 'pings'] as const).flatMap((sort) => {
    const [count, earlier] = [now[sort], before[sort]];
    return count === undefined || earlier === undefined ? [] : [`${rate(count, earlier)} ${sort}`];
  });
  return sorts.length === 0 ? all : `${all}, of them ${sorts.join(', ')}`;
}

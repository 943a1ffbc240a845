// How many requests a second a tracker is sent, from its counts at two looks. Pure.

export interface RequestCountsRow {
  readonly uptimeMs: number;
  readonly requests: number;
  /** A tracker of an earlier release does not tell the sorts apart. */
  readonly announces?: number;
  readonly summaries?: number;
  readonly pings?: number;
}

/** Undefined before there were two looks, and after the tracker began anew. */
export function requestWords(before: RequestCountsRow | undefined, now: RequestCountsRow): string | undefined {
  const passedMs = before === undefined ? 0 : now.uptimeMs - before.uptimeMs;
  if (before === undefined || passedMs <= 0) return undefined;
  const rate = (count: number, earlier: number): string =>
    ((Math.max(0, count - earlier) * 1_000) / passedMs).toFixed(1);
  const all = `${rate(now.requests, before.requests)} requests a second`;
  const sorts = (['announces', 'summaries', 'pings'] as const).flatMap((sort) => {
    const [count, earlier] = [now[sort], before[sort]];
    return count === undefined || earlier === undefined ? [] : [`${rate(count, earlier)} ${sort}`];
  });
  return sorts.length === 0 ? all : `${all}, of them ${sorts.join(', ')}`;
}

// The memory that a read fills: several targets, one after the other. Pure.

/** Bytes of all of them. */
export function bytesOf(targets: readonly Uint8Array[]): number {
  return targets.reduce((sum, { length }) => sum + length, 0);
}

/** The `length` bytes of `targets` from `begin` on; `targets` itself when that is all of them. */
export function within(targets: readonly Uint8Array[], begin: number, length: number): readonly Uint8Array[] {
  if (begin === 0 && length === bytesOf(targets)) return targets;
  const parts: Uint8Array[] = [];
  let [from, left] = [begin, length];
  for (const target of targets) {
    if (from < target.length && left > 0) {
      const cut = target.subarray(from, from + left);
      parts.push(cut);
      left -= cut.length;
    }
    from = Math.max(0, from - target.length);
  }
  return parts;
}

// What a look into directories finds, and its form in an answer between threads: a folder has more entries than a frame
// has fields. Pure.

/** What a directory of a folder holds. */
export interface FoundEntry {
  /** `unsafe`, `unreadable`, `special`: it cannot be shared. */
  readonly kind: 'file' | 'exec' | 'link' | 'directory' | 'unsafe' | 'unreadable' | 'special';
  /** Below the folder. */
  readonly path: string;
  /** In bytes; 0 of everything but files. */
  readonly size: number;
  /** Modification time in nanoseconds since 1970; 0n of everything but files. */
  readonly mtimeNs: bigint;
  /** The target of a link; why something cannot be shared. */
  readonly text: string;
  /** Tells a directory from every other one, where links are followed. */
  readonly identity: string;
}

type Row = readonly [kind: FoundEntry['kind'], path: string, size: number, mtime: string, text: string, id: string];

/** @param found one list for each directory. */
export function encodeFound(found: readonly (readonly FoundEntry[])[]): Uint8Array {
  const rows = found.map((entries) =>
    entries.map(({ kind, path, size, mtimeNs, text, identity }): Row => {
      return [kind, path, size, String(mtimeNs), text, identity];
    }),
  );
  return Buffer.from(JSON.stringify(rows));
}

/** @param bytes of `encodeFound`, on another thread of this process. */
export function decodeFound(bytes: Uint8Array): readonly (readonly FoundEntry[])[] {
  const rows = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as readonly Row[][];
  return rows.map((entries) =>
    entries.map(([kind, path, size, mtime, text, identity]) => {
      return { kind, path, size, mtimeNs: BigInt(mtime), text, identity };
    }),
  );
}

// Which bytes of a share that is wanted lie in other shares and files: pieces by their digest, whatever file and place
// they have there; small files of a folder by size and digest, whatever path they have. Reads nothing. Pure.

import { DIGEST_SIZE, PIECE_SIZE } from '../../foundation/base/limits.js';
import { DigestTable } from '../../foundation/torrent/digest-table.js';
import { NO_STAMP } from '../../foundation/torrent/folder/folder-list.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import type { Layout } from '../../foundation/torrent/layout.js';
import { REUSE_GROUPS_MAX } from '../../transfer/storage/limits.js';
import { type ReusePlan, ReusePlanBuilder, type ReuseSource } from '../../transfer/storage/reuse/plan.js';

export interface WantedShare {
  readonly layout: Layout;
  /** 20 bytes a piece. */
  readonly digests: Uint8Array;
  /** The piece is here, or is nobody's business. */
  readonly has: (piece: number) => boolean;
}

/** A share, or a file whose pieces were hashed for this. */
export interface SourceShare {
  readonly layout: Layout;
  readonly digests: Uint8Array;
  readonly has: (piece: number) => boolean;
  /** Of the file, or of the folder. Absolute. */
  readonly path: string;
  /** Of a file that is whole: its modification time in ms; NaN: not known. */
  readonly mtimeMs: number;
  readonly group: number;
  /** Digest of its last piece with zeros behind it up to a whole one, as a folder pads it. */
  readonly paddedTail?: Uint8Array | undefined;
}

/** A file of which only the digest of all its bytes is known. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** The first 8 bytes of the SHA-1 of its bytes, big-endian. */
  readonly digest: bigint;
  readonly group: number;
}

const NONE = -1;

export class Matching {
  readonly #wanted: WantedShare;
  readonly #geometry: Geometry;
  readonly #table: DigestTable;
  readonly #shares: SourceShare[] = [];
  /** Of each piece that was found: the share, and the piece of that share. */
  readonly #shareOf: Int32Array;
  readonly #pieceOf: Int32Array;
  /** Wanted entries by size and digest. */
  readonly #entries = new Map<string, number[]>();
  readonly #fileOf = new Map<number, SourceFile>();

  /** @param seeds as of DigestTable. */
  constructor(wanted: WantedShare, seeds: readonly [number, number, number]) {
    const { layout, digests, has } = wanted;
    this.#wanted = wanted;
    this.#geometry = new Geometry(layout.size);
    this.#table = new DigestTable(digests, seeds, (piece) => !has(piece));
    const { pieceCount } = this.#geometry;
    this.#shareOf = new Int32Array(pieceCount).fill(NONE);
    this.#pieceOf = new Int32Array(pieceCount);
    for (const { entry, size, digest } of entriesOf(layout, digests)) {
      const key = keyOf(size, digest);
      const same = this.#entries.get(key);
      if (same === undefined) this.#entries.set(key, [entry]);
      else same.push(entry);
    }
  }

  /** A file of this size may be one of the entries. */
  wantsSize(size: number): boolean {
    this.#sizes ??= new Set([...this.#entries.keys()].map((key) => Number(key.slice(0, key.indexOf(':')))));
    return this.#sizes.has(size);
  }
  #sizes: Set<number> | undefined;

  /** @returns its number here, for `look`. */
  share(share: SourceShare): number {
    const number = this.#shares.push(share) - 1;
    const { paddedTail, layout } = share;
    const { pieceCount } = new Geometry(layout.size);
    if (paddedTail !== undefined) this.#found(paddedTail, 0, number, pieceCount - 1);
    if (this.#entries.size > 0) this.#entriesOf(share);
    return number;
  }

  /** Looks at `count` pieces of the share from `first` on: many at once, so that the caller may pause between. */
  look(number: number, first: number, count: number): void {
    const { digests, has } = this.#shares[number] as SourceShare;
    this.#table.scan(digests, first, count, (piece) => {
      if (has(piece)) this.#found(digests, piece * DIGEST_SIZE, number, piece);
    });
  }

  file(file: SourceFile): void {
    for (const entry of this.#entries.get(keyOf(file.size, file.digest)) ?? [])
      if (!this.#fileOf.has(entry)) this.#fileOf.set(entry, file);
  }

  /**
   * Undefined: nothing was found. @param names of the groups of sources. Answers those that the plan uses; its groups
   * are their indices.
   */
  plan(names: readonly string[]): { readonly plan: ReusePlan; readonly names: readonly string[] } | undefined {
    const builder = new ReusePlanBuilder();
    const sources = new Sources(builder, names);
    for (let piece = 0; piece < this.#geometry.pieceCount; piece += 1) {
      if (this.#wanted.has(piece)) continue;
      if (this.#shareOf[piece] !== NONE) this.#addPiece(piece, builder, sources);
      else if (this.#fileOf.size > 0) this.#addFiles(piece, builder, sources);
    }
    return builder.isEmpty ? undefined : { plan: builder.build(), names: sources.names };
  }

  #found(digests: Uint8Array, at: number, share: number, sourcePiece: number): void {
    for (let piece = this.#table.find(digests, at); piece !== NONE; piece = this.#table.after(piece)) {
      if (this.#shareOf[piece] !== NONE) continue;
      this.#shareOf[piece] = share;
      this.#pieceOf[piece] = sourcePiece;
    }
  }

  #entriesOf(share: SourceShare): void {
    const { layout, digests, has, path, group } = share;
    const { folder } = layout;
    // A library has millions of files: most are turned away by their size.
    for (const { entry, size, digest } of entriesOf(layout, digests, (size) => this.wantsSize(size))) {
      if (!this.#entries.has(keyOf(size, digest)) || !isThere(layout, entry, has)) continue;
      const file = folder === undefined ? path : `${path}/${folder.pathOf(entry)}`;
      this.file({ path: file, size, mtimeMs: mtimeOf(share, entry), digest, group });
    }
  }

  #addPiece(piece: number, builder: ReusePlanBuilder, sources: Sources): void {
    const share = this.#shares[this.#shareOf[piece] as number] as SourceShare;
    const { layout } = share;
    let at = this.#geometry.pieceOffset(piece);
    const from = (this.#pieceOf[piece] as number) * PIECE_SIZE;
    for (const { file, offset, length } of layout.extents(from, this.#geometry.pieceLength(piece))) {
      if (layout.folder?.isPad(file) !== true && layout.folder?.hasChanged(file) !== true)
        builder.run({ begin: at, length, source: sources.ofShare(share, file), offset });
      at += length;
    }
  }

  #addFiles(piece: number, builder: ReusePlanBuilder, sources: Sources): void {
    let at = this.#geometry.pieceOffset(piece);
    for (const { file: entry, offset, length } of this.#wanted.layout.extents(at, this.#geometry.pieceLength(piece))) {
      const file = this.#fileOf.get(entry);
      if (file !== undefined) builder.run({ begin: at, length, source: sources.ofFile(file), offset });
      at += length;
    }
  }
}

/** Gives each file that is used its number in the plan, and each group that is used one as well. */
class Sources {
  readonly #builder: ReusePlanBuilder;
  readonly #allNames: readonly string[];
  readonly names: string[] = [];
  readonly #groups = new Map<number, number>();
  readonly #ofShare = new Map<SourceShare, Map<number, number>>();
  readonly #ofFile = new Map<SourceFile, number>();

  constructor(builder: ReusePlanBuilder, allNames: readonly string[]) {
    this.#builder = builder;
    this.#allNames = allNames;
  }

  ofShare(share: SourceShare, entry: number): number {
    const known = this.#ofShare.get(share) ?? new Map<number, number>();
    this.#ofShare.set(share, known);
    const source = known.get(entry) ?? this.#add(sourceOf(share, entry));
    known.set(entry, source);
    return source;
  }

  ofFile(file: SourceFile): number {
    const source = this.#ofFile.get(file) ?? this.#add(file);
    this.#ofFile.set(file, source);
    return source;
  }

  #add(source: ReuseSource): number {
    return this.#builder.source({ ...source, group: this.#groupOf(source.group) });
  }

  /** Those that are too many are counted with the last. */
  #groupOf(group: number): number {
    const known = this.#groups.get(group) ?? Math.min(this.names.length, REUSE_GROUPS_MAX - 1);
    this.#groups.set(group, known);
    this.names[known] ??= this.#allNames[group] ?? '';
    return known;
  }
}

function sourceOf(share: SourceShare, entry: number) {
  const { layout, path, group } = share;
  const { folder } = layout;
  const mtimeMs = mtimeOf(share, entry);
  if (folder === undefined) return { path, size: layout.size, mtimeMs, group };
  return { path: `${path}/${folder.pathOf(entry)}`, size: folder.sizeOf(entry), mtimeMs, group };
}

function mtimeOf({ layout, mtimeMs }: SourceShare, entry: number): number {
  if (layout.folder === undefined) return mtimeMs;
  const ns = layout.folder.stampOf(entry);
  // Exactly Node's mtimeMs, with its fraction.
  return ns === NO_STAMP ? Number.NaN : Number(ns / 1_000_000_000n) * 1_000 + Number(ns % 1_000_000_000n) / 1_000_000;
}

/** The entries that are known by the digest of all their bytes: small ones of a folder, or a file of one piece. */
function* entriesOf(layout: Layout, digests: Uint8Array, isWanted: (size: number) => boolean = () => true) {
  const { folder, size } = layout;
  if (folder === undefined) {
    if (size > 0 && size <= PIECE_SIZE) yield { entry: 0, size, digest: Buffer.from(digests).readBigUInt64BE(0) };
    return;
  }
  for (let entry = 0; entry < folder.count; entry += 1) {
    const bytes = folder.sizeOf(entry);
    const digest = bytes > 0 && isWanted(bytes) && folder.isFile(entry) ? folder.digestOf(entry) : undefined;
    if (digest !== undefined && !folder.hasChanged(entry)) yield { entry, size: bytes, digest };
  }
}

function isThere({ folder, size }: Layout, entry: number, has: (piece: number) => boolean): boolean {
  const begin = folder?.beginOf(entry) ?? 0;
  const end = begin + (folder?.sizeOf(entry) ?? size);
  for (let piece = Math.floor(begin / PIECE_SIZE); piece * PIECE_SIZE < end; piece += 1) if (!has(piece)) return false;
  return true;
}

function keyOf(size: number, digest: bigint): string {
  return `${size}:${digest}`;
}

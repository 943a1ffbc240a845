// The `.mtorrent` format: five lines, the list of a folder, then optional `key: value` lines. Reads and writes it as a
// stream of parts, so that a file that only declares a large size costs no memory. A file that breaks a rule is
// refused, with its line and what was expected there. Pure.

import { createHash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { EMPTY_BYTES, fromHex, toHex } from '../base/bytes.js';
import { MiniTorrentError } from '../base/errors.js';
import { familyOf } from '../base/hosts.js';
import {
  DIGEST_SIZE,
  METAINFO_EXTRA_LINES_MAX,
  METAINFO_IO_BYTES,
  METAINFO_LINE_BYTES_MAX,
  SHA256_SIZE,
} from '../base/limits.js';
import { type Address, formatAddress, parseAddress, parseNamedAddress, sameAddress } from './address.js';
import { type EntryFault, FOLDER_KEY, FolderReader, formatFolder } from './folder/entries.js';
import type { FolderList } from './folder/folder-list.js';
import { FOLDER_LINE_BYTES_MAX } from './folder/limits.js';
import { FILE_SIZE_MAX, Geometry } from './geometry.js';
import { HexReader } from './hex-reader.js';
import { type SwarmKey, swarmKey } from './ids.js';
import { Layout } from './layout.js';
import { checkFileName, printable } from './names.js';

export interface Metainfo {
  readonly trackers: readonly [Address, Address];
  /** Safe by `checkFileName`. */
  readonly name: string;
  readonly geometry: Geometry;
  /** Which files the bytes of the pieces are. */
  readonly layout: Layout;
  /** SHA-1 of each piece, 20 bytes each; owned by the metainfo. */
  readonly digests: Uint8Array;
  /** SHA-1 of `digests`. */
  readonly swarm: SwarmKey;
  /** SHA-256 of the whole file, when its maker asked for it. */
  readonly sha256: Uint8Array | undefined;
  /** Lines of keys that this version does not know, in their order; kept and written again. */
  readonly extra: readonly (readonly [key: string, value: string])[];
}

export interface MetainfoHead {
  readonly trackers: readonly [Address, Address];
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
}

export interface MetainfoParts extends MetainfoHead {
  /** 20 bytes a piece; owned by the metainfo from now on. */
  readonly digests: Uint8Array;
  readonly sha256?: Uint8Array | undefined;
  /** The list of a folder; its size is that of the piece space. */
  readonly folder?: FolderList | undefined;
  readonly extra?: readonly (readonly [key: string, value: string])[];
}

/** The line of a single file that may be executed; `create --mode` writes it. */
export const EXECUTABLE_LINE = ['mode', 'exec'] as const;

/** Whether the share is a single file that its maker says may be executed. */
export function isExecutable({ layout, extra }: Metainfo): boolean {
  const [mode, exec] = EXECUTABLE_LINE;
  return layout.folder === undefined && extra.some(([key, value]) => key === mode && value === exec);
}

/** Throws UNSAFE_NAME for a name, INVALID_ARGUMENTS for two equal trackers; asserts what no user can cause. */
export function makeMetainfo(parts: MetainfoParts): Metainfo {
  const { trackers, name, digests, sha256, folder, extra = [] } = parts;
  const geometry = new Geometry(parts.size);
  assert(digests.length === geometry.pieceCount * DIGEST_SIZE, 'a metainfo has one digest a piece');
  assert(sha256 === undefined || sha256.length === SHA256_SIZE, 'a SHA-256 is 32 bytes');
  checkHead(parts);
  const swarm = swarmKey(createHash('sha1').update(digests).digest());
  const layout = new Layout(folder ?? parts.size);
  assert(layout.size === parts.size, 'the entries of a folder cover its piece space');
  assert(folder === undefined || sha256 === undefined, 'a folder has no SHA-256 of its own');
  return { trackers, name, geometry, layout, digests, swarm, sha256, extra };
}

function checkHead({ trackers, name }: MetainfoHead): void {
  const unsafe = checkFileName(name);
  if (unsafe !== undefined) {
    const sentence = `the file name "${printable(name)}" is not safe to save under: ${unsafe}; choose another one`;
    throw new MiniTorrentError('UNSAFE_NAME', sentence);
  }
  if (sameAddress(trackers[0], trackers[1])) {
    const sentence = `both trackers are ${formatAddress(trackers[0])}; a pair needs two different addresses`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
}

/** The first four lines, for a look at a file before the digests are known. Throws as `makeMetainfo` does. */
export function formatHead(head: MetainfoHead): Uint8Array {
  checkHead(head);
  const { trackers, name, size } = head;
  return Buffer.from(`${formatAddress(trackers[0])}\n${formatAddress(trackers[1])}\n${name}\n${size}\n`);
}

/** The file's bytes in parts of at most METAINFO_IO_BYTES; the same metainfo always gives the same bytes. */
export function* formatMetainfo(metainfo: Metainfo): Generator<Uint8Array> {
  const { trackers, name, geometry } = metainfo;
  yield formatHead({ trackers, name, size: geometry.size });
  yield* formatHashString(metainfo);
  yield* formatFurtherLines(metainfo);
}

/** The info text: what the file says apart from its trackers, which is its bytes from the third line on. */
export function* formatInfoText(metainfo: Metainfo): Generator<Uint8Array> {
  yield* formatInfoHead(metainfo);
  yield* formatFurtherLines(metainfo);
}

/** The info text without its further lines. */
export function* formatInfoHead(metainfo: Metainfo): Generator<Uint8Array> {
  const { name, geometry } = metainfo;
  yield Buffer.from(`${name}\n${geometry.size}\n`);
  yield* formatHashString(metainfo);
}

function* formatHashString({ digests }: Metainfo): Generator<Uint8Array> {
  const step = METAINFO_IO_BYTES / 2;
  for (let at = 0; at < digests.length; at += step) {
    yield Buffer.from(toHex(digests.subarray(at, at + step)), 'latin1');
  }
  yield Buffer.from('\n');
}

/**
 * The bytes behind the line of the hash string; none for a file without further lines.
 * @param part of METAINFO_IO_BYTES: the next part takes the place of the one before. Without it, each has its own.
 */
export function* formatFurtherLines({ layout, sha256, extra }: Metainfo, part?: Buffer): Generator<Uint8Array> {
  if (layout.folder !== undefined) yield* inParts(formatFolder(layout.folder), part);
  if (sha256 !== undefined) yield Buffer.from(`sha256: ${toHex(sha256)}\n`);
  for (const [key, value] of extra) yield Buffer.from(`${key}: ${value}\n`);
}

/** Straight into bytes: text that is put together line by line would be garbage many times as large. */
function* inParts(lines: Iterable<string>, only?: Buffer): Generator<Uint8Array> {
  const next = (): Buffer => only ?? Buffer.allocUnsafeSlow(METAINFO_IO_BYTES);
  let [part, length] = [next(), 0];
  for (const line of lines) {
    // A UTF-16 unit is three bytes at most.
    if (length + line.length * 3 > part.length) {
      yield part.subarray(0, length);
      [part, length] = [next(), 0];
    }
    length += part.write(line, length);
  }
  if (length > 0) yield part.subarray(0, length);
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH_LINE = 5;
/** Lower case, so that no two keys differ in case only. */
const EXTRA_LINE = /^([a-z0-9][a-z0-9._-]{0,63}): ?(.*)$/u;

/** Whether a .mtorrent may name this tracker by a host name, which its reader's name server would be asked for. */
export type NameRule = (tracker: Address) => boolean;

export const NO_NAMES: NameRule = () => false;
/** For a file whose trackers are not dialed because of this reading, or were accepted before. */
export const ANY_NAMES: NameRule = () => true;

export class MetainfoParser {
  readonly #source: string;
  readonly #mayName: NameRule;
  /** Checks each line's bytes; a byte order mark stays visible, so that only line 1 may have one. */
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** 1-based number of the line that is being read. */
  #line = 1;
  readonly #text = new Uint8Array(FOLDER_LINE_BYTES_MAX);
  #textLength = 0;
  #trackers: Address[] = [];
  #name = '';
  #geometry = new Geometry(0);
  #hex = new HexReader(0);
  #folder: FolderReader | undefined;
  /** The line after which the further lines begin. */
  #lastLine = HASH_LINE;
  #sha256: Uint8Array | undefined;
  readonly #extra: [string, string][] = [];
  readonly #keys = new Set<string>();

  /** @param source the file's name, for errors. */
  constructor(source: string, mayName = NO_NAMES) {
    this.#source = source;
    this.#mayName = mayName;
  }

  /**
   * Takes the next bytes, however the file was cut; they may be reused afterwards. Throws INVALID_MTORRENT,
   * UNSAFE_NAME.
   */
  push(part: Uint8Array): void {
    let at = 0;
    while (at < part.length) {
      const feed = part.indexOf(LINE_FEED, at);
      const end = feed < 0 ? part.length : feed;
      const bytes = part.subarray(at, end);
      if (this.#line === HASH_LINE) this.#pushHash(bytes);
      else this.#pushText(bytes);
      if (feed >= 0) this.#endLine();
      at = end + 1;
    }
  }

  /** The last line may lack its line feed. The parser is used up. */
  end(): Metainfo {
    if (this.#line < HASH_LINE) {
      throw this.#refused(
        'should be followed by further lines, but the file ends there',
        this.#textLength > 0 ? 0 : -1,
      );
    }
    if (this.#line === HASH_LINE || this.#textLength > 0) this.#endLine();
    if (this.#isInFolder) {
      throw this.#refused(`should be followed by ${this.#folder?.expected}, but the file ends there`, -1);
    }
    const [first, second] = this.#trackers;
    assert(first !== undefined && second !== undefined, 'five lines were read');
    return makeMetainfo({
      trackers: [first, second],
      name: this.#name,
      size: this.#geometry.size,
      digests: this.#hex.bytes,
      sha256: this.#sha256,
      folder: this.#folder?.list(),
      extra: this.#extra,
    });
  }

  /** Whether the list of a folder has begun and not ended. */
  get #isInFolder(): boolean {
    return this.#folder?.isEnded === false;
  }

  #pushText(bytes: Uint8Array): void {
    const bytesMax = this.#isInFolder ? FOLDER_LINE_BYTES_MAX : METAINFO_LINE_BYTES_MAX;
    if (this.#textLength + bytes.length > bytesMax) {
      throw this.#refused(`should be at most ${bytesMax} bytes long, but is longer`);
    }
    this.#text.set(bytes, this.#textLength);
    this.#textLength += bytes.length;
  }

  #pushHash(bytes: Uint8Array): void {
    const fault = this.#hex.push(bytes);
    if (fault === 'not hex') throw this.#refused('should be hex digits only, but has another character');
    if (fault === 'too long') throw this.#refused(`should be ${this.#expectedHash()}, but is longer`);
  }

  #endLine(): void {
    if (this.#line === HASH_LINE) {
      if (!this.#hex.isComplete) {
        throw this.#refused(`should be ${this.#expectedHash()}, but ends after ${this.#hex.digitCount}`);
      }
    } else {
      this.#textLine(this.#takeText());
    }
    this.#line += 1;
  }

  #expectedHash(): string {
    const { size, pieceCount } = this.#geometry;
    return `${pieceCount * DIGEST_SIZE * 2} hex digits (${pieceCount} pieces for ${size} bytes)`;
  }

  #takeText(): string {
    const trailing = this.#textLength > 0 && this.#text[this.#textLength - 1] === CARRIAGE_RETURN ? 1 : 0;
    const bytes = this.#text.subarray(0, this.#textLength - trailing);
    this.#textLength = 0;
    try {
      return this.#utf8.decode(bytes);
    } catch (error) {
      // TextDecoder has one complaint: the bytes are not UTF-8.
      throw this.#refused('should be text in UTF-8, but is not', 0, error);
    }
  }

  #textLine(text: string): void {
    if (this.#line === 1) this.#trackerLine(text.replace(/^\uFEFF/, ''));
    else if (this.#line === 2) this.#trackerLine(text);
    else if (this.#line === 3) this.#nameLine(text);
    else if (this.#line === 4) this.#sizeLine(text);
    else if (this.#isInFolder) this.#folderLine(text);
    else if (this.#line === HASH_LINE + 1 && text.startsWith(`${FOLDER_KEY}:`)) this.#beginFolder(text);
    else this.#extraLine(text);
  }

  #trackerLine(text: string): void {
    const address = parseAddress(text) ?? parseNamedAddress(text);
    if (address === undefined) {
      throw this.#refused(`should be a tracker's address such as 192.0.2.1:7000, but is ${quoted(text)}`);
    }
    if (familyOf(address.host) === undefined && !this.#mayName(address)) {
      throw this.#refused(
        `should be a tracker's address such as 192.0.2.1:7000, but is the host name ${quoted(text)}, which this machine's name server would be asked for; if you trust whoever made this file, allow it with --allow-host-names yes, or name the pair in the setting trackers`,
      );
    }
    const former = this.#trackers[0];
    if (former !== undefined && sameAddress(former, address)) {
      throw this.#refused('should be the address of a second tracker, but is the first one again');
    }
    this.#trackers.push(address);
  }

  #nameLine(text: string): void {
    const unsafe = checkFileName(text);
    if (unsafe !== undefined) {
      const sentence = `${this.#where(0)} names the file ${quoted(text)}, which is not safe to save under: ${unsafe}`;
      throw new MiniTorrentError('UNSAFE_NAME', sentence);
    }
    this.#name = text;
  }

  #sizeLine(text: string): void {
    const size = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(size)) throw this.#refused(`should be the file's size in bytes, but is ${quoted(text)}`);
    if (size > FILE_SIZE_MAX) throw this.#refused(`should be a size of at most ${FILE_SIZE_MAX} bytes, but is ${size}`);
    this.#geometry = new Geometry(size);
    this.#hex = new HexReader(this.#geometry.pieceCount * DIGEST_SIZE);
  }

  #beginFolder(text: string): void {
    const reader = FolderReader.begin(text, this.#geometry.size);
    if (!(reader instanceof FolderReader)) throw this.#faulty(reader);
    this.#folder = reader;
    this.#keys.add(FOLDER_KEY);
  }

  #folderLine(text: string): void {
    const fault = this.#folder?.push(text);
    if (fault !== undefined) throw this.#faulty(fault);
    this.#lastLine = this.#line;
  }

  #faulty({ code, complaint, entry }: EntryFault): MiniTorrentError {
    const offset = entry === undefined ? 0 : HASH_LINE + 2 + entry - this.#line;
    if (code === 'INVALID_MTORRENT') return this.#refused(complaint, offset);
    return new MiniTorrentError(code, `${this.#where(offset)} ${complaint}`);
  }

  #extraLine(text: string): void {
    if (this.#line > this.#lastLine + METAINFO_EXTRA_LINES_MAX) {
      throw this.#refused(`should not be there: at most ${METAINFO_EXTRA_LINES_MAX} further lines may be there`);
    }
    if (text === '') return;
    const match = EXTRA_LINE.exec(text);
    const [, key = '', value = ''] = match ?? [];
    if (match === null || value !== printable(value)) {
      throw this.#refused(`should be a 'key: value' line, but is ${quoted(text)}`);
    }
    if (key === FOLDER_KEY && this.#folder === undefined) {
      throw this.#refused(`should be line ${HASH_LINE + 1}, directly after the hash string`);
    }
    if (key === 'sha256' && this.#folder !== undefined) throw this.#refused('should not be there beside a folder');
    if (this.#keys.has(key)) throw this.#refused(`should not repeat the key '${key}'`);
    this.#keys.add(key);
    if (key === 'sha256') this.#sha256 = this.#sha256Of(value);
    else this.#extra.push([key, value]);
  }

  #sha256Of(value: string): Uint8Array {
    const digest = fromHex(value) ?? EMPTY_BYTES;
    if (digest.length !== SHA256_SIZE)
      throw this.#refused(`should be a SHA-256 of 64 hex digits, but is ${quoted(value)}`);
    return digest;
  }

  #where(offset: number): string {
    return `${printable(this.#source)}, line ${Math.max(1, this.#line + offset)},`;
  }

  /** @param offset added to the line's number: -1 names the line before. */
  #refused(complaint: string, offset = 0, cause?: unknown): MiniTorrentError {
    const sentence = `${this.#where(offset)} ${complaint}; ask its sender for a fresh copy of the .mtorrent file`;
    return new MiniTorrentError('INVALID_MTORRENT', sentence, cause);
  }
}

function quoted(text: string): string {
  const shown = printable(text.slice(0, 80));
  return `"${shown}${text.length > 80 ? '…' : ''}"`;
}

// What a client remembers across runs: its identity, and its files as JSON. Invariant: everything read is checked, and
// a damaged file is refused, never guessed at or overwritten.

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makeDirectory } from '../../foundation/base/directories.js';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { CLIENT_EPOCH_MAX, REUSE_PATHS_MAX } from '../../foundation/base/limits.js';
import { formatAddress, parseNamedAddress } from '../../foundation/torrent/address.js';
import { GLOBS_MAX } from '../../foundation/torrent/folder/limits.js';
import { FILE_SIZE_MAX } from '../../foundation/torrent/geometry.js';
import {
  CLIENT_ID_SIZE,
  type ClientId,
  clientId,
  parseClientId,
  parseSwarmKey,
  type SwarmKey,
} from '../../foundation/torrent/ids.js';
import { type InfoFacts, parseInfoDigest } from '../../foundation/torrent/info-text.js';
import { checkFileName } from '../../foundation/torrent/names.js';
import { removeOrphans } from '../../transfer/storage/disk/publish.js';
import { atomicWriteFile, readIfThere } from '../../transfer/storage/disk/state-file.js';
import { type Completeness, completenessOf, type Fetched, isPaused, recordedMs } from '../files/completeness.js';
import type { Entry, FolderRecord, Name, ReuseWish } from '../files/record.js';
import { ENTRY_NAMES_MAX, LIBRARY_FILES_MAX } from '../limits.js';

const LIBRARY_VERSION = 1;
const IDENTITY_VERSION = 1;
const IDENTITY_BYTES_MAX = 4_096;
const U32_MAX = 0xffff_ffff;

export interface Identity {
  readonly clientId: ClientId;
  /** Grows with every start, and so orders this client's messages to trackers across runs. */
  readonly epoch: number;
  /** Where it belongs (`state-place.ts`); absent: written by a release that did not say, or it cannot be known. */
  readonly place?: string | undefined;
}

/** The identity of a run that begins. */
export interface BegunIdentity {
  readonly identity: Identity;
  /** The state directory came from elsewhere, so this is another client than the one that it was copied from. */
  readonly isCopy: boolean;
}

export interface StatePaths {
  readonly directory: string;
  readonly identity: string;
  /** As releases before the journal read it. */
  readonly library: string;
  readonly journal: string;
  /** The directory of this client's own copies of .mtorrent files. */
  readonly copies: string;
  readonly copyOf: (swarm: SwarmKey) => string;
  /** Named by swarm and path, so that a `.part` elsewhere is never taken for this download's. */
  readonly resumeOf: (entry: Entry) => string;
  /** The record of the stamps of a complete folder. */
  readonly stampsOf: (entry: Pick<Entry, 'swarm' | 'path'>) => string;
}

/** Creates the state directory (mode 0700) unless it exists. */
export async function openStateDirectory(directory: string): Promise<StatePaths> {
  await makeDirectory(join(directory, 'resume'), '--state-dir');
  await makeDirectory(join(directory, 'mtorrents'), '--state-dir');
  return statePathsOf(directory);
}

export function statePathsOf(directory: string): StatePaths {
  const resume = join(directory, 'resume');
  return {
    directory,
    identity: join(directory, 'identity.json'),
    library: join(directory, 'library.json'),
    journal: join(directory, 'library.journal'),
    copies: join(directory, 'mtorrents'),
    copyOf: (swarm) => join(directory, 'mtorrents', `${swarm}.mtorrent`),
    resumeOf: (entry) => join(resume, `${placeKey(entry)}.resume`),
    stampsOf: (entry) => join(resume, `${placeKey(entry)}.stamps`),
  };
}

function placeKey({ swarm, path }: Pick<Entry, 'swarm' | 'path'>): string {
  return `${swarm}-${createHash('sha1').update(path).digest('hex').slice(0, 12)}`;
}

/** Deletes temporary files of a killed client. The caller must hold the lock. */
export async function sweepState({ directory }: StatePaths): Promise<void> {
  for (const each of [directory, join(directory, 'resume')]) {
    try {
      await removeOrphans(each);
    } catch (error) {
      throw fileError(error, each);
    }
  }
}

/**
 * The identity of this run, already saved: the same client one epoch later, or a new client when its epochs are used
 * up, or when the file belongs to another place.
 * @param place where the state directory is, as `state-place.ts` names it.
 */
export async function nextIdentity(path: string, place?: string): Promise<BegunIdentity> {
  const bytes = await readIfThere(path, IDENTITY_BYTES_MAX);
  const known = bytes === undefined ? undefined : parseIdentity(path, bytes);
  const isCopy = place !== undefined && known?.place !== undefined && known.place !== place;
  const isUsable = known !== undefined && known.epoch < CLIENT_EPOCH_MAX && !isCopy;
  const identity = isUsable
    ? { clientId: known.clientId, epoch: known.epoch + 1, place }
    : { ...freshIdentity(), place };
  await saveIdentity(path, identity);
  return { identity, isCopy };
}

/** The identity of a new client. */
export function freshIdentity(): Identity {
  return { clientId: clientId(randomBytes(CLIENT_ID_SIZE)), epoch: 1 };
}

export async function saveIdentity(path: string, identity: Identity): Promise<void> {
  await atomicWriteFile(path, Buffer.from(`${JSON.stringify({ version: IDENTITY_VERSION, ...identity })}\n`));
}

export async function saveLibrary(path: string, entries: readonly Entry[]): Promise<void> {
  await atomicWriteFile(path, Buffer.from(formatLibrary(entries)));
}

/** One entry on each line, for people who read or compare it. */
export function formatLibrary(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => JSON.stringify(entryJson(entry)));
  return `{"version":${LIBRARY_VERSION},"files":[${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n`}]}\n`;
}

/** Of an entry of one file with one name, what every release has written in library.json. */
export function entryJson(entry: Entry): object {
  const { mtorrentPath, path, name, size, swarm, trackers, completeness, details, folder, isListed, reuse, others } =
    entry;
  const known = completenessJson(completeness);
  const own = { mtorrentPath, path, name, size, swarm, trackers: trackers.map(formatAddress), ...known };
  return {
    ...own,
    ...detailsJson(details),
    ...(entry.isRetiring === true ? { retiring: true } : {}),
    ...(isListed === true ? { listed: true } : {}),
    ...(folder === undefined ? {} : { folder }),
    ...(reuse === undefined ? {} : { reuse: reuse.isOff ? false : reuse.paths }),
    ...(others.length === 0 ? {} : { others: others.map(nameJson) }),
  };
}

/** The entries, with what an older release, which wrote them last, does not know of folders. */
export function withFolders(entries: readonly Entry[], known: readonly Entry[]): readonly Entry[] {
  const folders = new Map(known.filter(({ folder }) => folder !== undefined).map((entry) => [entry.swarm, entry]));
  return entries.map((entry) => {
    const { path, folder } = folders.get(entry.swarm) ?? {};
    return folder === undefined || path !== entry.path || entry.folder !== undefined ? entry : { ...entry, folder };
  });
}

function nameJson({ trackers, completeness, details, ...name }: Name): object {
  const told = detailsJson(details);
  return { ...name, trackers: trackers.map(formatAddress), ...completenessJson(completeness), ...told };
}

function detailsJson(details: InfoFacts | undefined): object {
  return details === undefined ? {} : { info: [details.info, details.listBytes, details.files] };
}

function completenessJson(completeness: Completeness): object {
  const { fetched = undefined } = completeness.kind === 'complete' ? completeness : {};
  const told = fetched === undefined ? {} : { fetched: [fetched.atMs, fetched.realPath] };
  return { mtimeMs: recordedMs(completeness), paused: isPaused(completeness), ...told };
}

/** Throws STATE_DAMAGED naming `path` and the first thing that is wrong. */
export function parseLibrary(path: string, bytes: Uint8Array): readonly Entry[] {
  const root = parseJson(path, bytes);
  if (root['version'] !== LIBRARY_VERSION)
    throw damagedState(path, `its version is not ${LIBRARY_VERSION}, the one that this program knows`);
  const files = root['files'];
  if (!Array.isArray(files) || files.length > LIBRARY_FILES_MAX)
    throw damagedState(path, 'its list of files is not one');
  const entries = files.map((file: unknown, at) => parseEntry(path, file, `file ${at + 1}`));
  if (new Set(entries.map(({ swarm }) => swarm)).size !== entries.length)
    throw damagedState(path, 'two of its files are the same swarm');
  return entries;
}

/** @param where names the entry in a sentence about its damage. */
export function parseEntry(path: string, value: unknown, where: string): Entry {
  const own = parseName(path, value, where);
  const { size, swarm, folder, listed, reuse, retiring, others = [] } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > FILE_SIZE_MAX)
    throw damagedState(path, `${where} has no size`);
  const key = typeof swarm === 'string' ? parseSwarmKey(swarm) : undefined;
  if (key === undefined) throw damagedState(path, `${where} has no swarm key`);
  if (!Array.isArray(others) || others.length >= ENTRY_NAMES_MAX)
    throw damagedState(path, `${where} has no list of its other names`);
  const names = others.map((other: unknown, nth) => parseName(path, other, `${where}, name ${nth + 2},`));
  const record = folder === undefined ? {} : { folder: parseFolder(path, folder, where) };
  const listing = listed === true ? { isListed: true } : {};
  const sources = reuse === undefined ? {} : { reuse: parseReuse(path, reuse, where) };
  const leaving = retiring === true ? { isRetiring: true as const } : {};
  return { ...own, size: size as number, swarm: key, ...record, ...listing, ...sources, ...leaving, others: names };
}

function parseReuse(path: string, value: unknown, where: string): ReuseWish {
  if (value === false) return { paths: [], isOff: true };
  const arePaths =
    Array.isArray(value) &&
    value.length <= REUSE_PATHS_MAX &&
    value.every((each) => typeof each === 'string' && each.startsWith('/'));
  if (!arePaths) throw damagedState(path, `${where} does not say what has bytes of it`);
  return { paths: value, isOff: false };
}

function parseFolder(path: string, value: unknown, where: string): FolderRecord {
  const { files, bytes, only, except, followsLinks } = isObject(value) ? value : {};
  if (!Number.isSafeInteger(files) || !areGlobs(only) || !areGlobs(except))
    throw damagedState(path, `${where} does not say which files of its folder are wanted`);
  const known = Number.isSafeInteger(bytes) ? { bytes: bytes as number } : {};
  const record = { files: files as number, only, except, ...known };
  return followsLinks === true ? { ...record, followsLinks } : record;
}

function areGlobs(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= GLOBS_MAX && value.every((glob) => typeof glob === 'string');
}

function parseName(path: string, value: unknown, where: string): Name {
  if (!isObject(value)) throw damagedState(path, `${where} is not an object`);
  const { mtorrentPath, path: filePath, name, trackers, mtimeMs, paused, info, fetched } = value;
  if (typeof mtorrentPath !== 'string' || typeof filePath !== 'string')
    throw damagedState(path, `${where} lacks its paths`);
  if (!mtorrentPath.startsWith('/') || !filePath.startsWith('/'))
    throw damagedState(path, `${where} has a path that is not absolute`);
  if (typeof name !== 'string' || checkFileName(name) !== undefined)
    throw damagedState(path, `${where} has no safe name`);
  if (mtimeMs !== null && !Number.isFinite(mtimeMs)) throw damagedState(path, `${where} has no time`);
  if (typeof paused !== 'boolean') throw damagedState(path, `${where} does not say whether it is paused`);
  const addresses = Array.isArray(trackers)
    ? trackers.map((text) => (typeof text === 'string' ? parseNamedAddress(text) : undefined))
    : [];
  const [first, second] = addresses;
  if (first === undefined || second === undefined || addresses.length !== 2)
    throw damagedState(path, `${where} does not have two trackers`);
  const end = fetched === undefined ? undefined : parseFetched(path, fetched, where);
  const completeness = completenessOf(mtimeMs as number | null, paused, end);
  const told = info === undefined ? {} : { details: parseDetails(path, info, where) };
  return { mtorrentPath, path: filePath, name, trackers: [first, second], completeness, ...told };
}

function parseFetched(path: string, value: unknown, where: string): Fetched {
  const [atMs, realPath] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (!Number.isSafeInteger(atMs) || typeof realPath !== 'string' || !realPath.startsWith('/'))
    throw damagedState(path, `${where} does not say when it was downloaded`);
  return { atMs: atMs as number, realPath };
}

function parseDetails(path: string, value: unknown, where: string): InfoFacts {
  const [text, listBytes, files] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const info = typeof text === 'string' ? parseInfoDigest(text) : undefined;
  const isCount = (count: unknown): count is number => Number.isSafeInteger(count) && (count as number) >= 0;
  if (info === undefined || !isCount(listBytes) || !isCount(files) || Math.max(listBytes, files) > U32_MAX)
    throw damagedState(path, `${where} does not say what its .mtorrent is`);
  return { info, listBytes, files };
}

function parseIdentity(path: string, bytes: Uint8Array): Identity {
  const {
    version,
    clientId: idText,
    epoch,
    place,
  } = parseJson(path, bytes) as Readonly<Record<'version' | 'clientId' | 'epoch' | 'place', unknown>>;
  const id = typeof idText === 'string' ? parseClientId(idText) : undefined;
  if (version !== IDENTITY_VERSION || id === undefined || !Number.isSafeInteger(epoch))
    throw damagedState(path, 'it is not an identity of this version');
  if ((epoch as number) < 0 || (epoch as number) > U32_MAX) throw damagedState(path, 'its epoch is out of range');
  return { clientId: id, epoch: epoch as number, place: typeof place === 'string' ? place : undefined };
}

function parseJson(path: string, bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damagedState(path, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isObject(value)) throw damagedState(path, 'it is not a JSON object');
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function damagedState(path: string, what: string): MiniTorrentError {
  return new MiniTorrentError(
    'STATE_DAMAGED',
    `${path} is damaged: ${what}; restore a copy, or move it away to start afresh`,
  );
}

// Fetches what is dropped into a folder: takes each file once it is whole, gives it to the client, and renames it to
// say what came of it. A file keeps its name until the client has taken the download over, so that nothing is lost when
// the client is killed.

import { constants } from 'node:fs';
import { lstat, open, opendir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../foundation/base/clock.js';
import { alarm, within } from '../../foundation/base/deferred.js';
import { directoryError, errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { type LogFile, type LogTarget, openLog } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { isLink } from '../../foundation/torrent/link.js';
import type { NameRule } from '../../foundation/torrent/metainfo.js';
import { printable } from '../../foundation/torrent/names.js';
import { mtorrentOfLink } from '../library/links.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { type DroppedFile, DroppedFiles, type DroppedStep } from './dropped-files.js';
import type { Say } from './hooks.js';
import {
  LINK_FILE_BYTES_MAX,
  WATCH_AGAIN_MS,
  WATCH_CHECKING_MS,
  WATCH_CLOSE_MS,
  WATCH_LOOK_MS,
  WATCH_NAMES_MAX,
  WATCH_NAMES_READ,
  WATCH_TAKEN_AT_ONCE,
} from './limits.js';
import { WatchedCopies } from './watched-copies.js';

export interface WatchSettings {
  /** Absolute, as all of these. */
  readonly directory: string;
  /** Where downloads go. */
  readonly destination: string;
  /** Of this client. */
  readonly stateDir: string;
  /** Where the .mtorrent files of links are kept. */
  readonly stateRoot: string;
  readonly mayName: NameRule;
}

/** Reasons that pass by themselves. */
const PASSING: readonly string[] = ['NO_TRACKER', 'TIMED_OUT', 'UNFINISHED', 'DISK_FULL', 'LIMIT_REACHED', 'IO_ERROR'];

export class WatchedFolder {
  readonly #client: SwarmClient;
  readonly #settings: WatchSettings;
  readonly #credentials: Credentials | undefined;
  readonly #say: Say;
  readonly #logFile: LogFile;
  readonly #dropped = new DroppedFiles();
  readonly #copies: WatchedCopies;
  readonly #stop = new AbortController();
  /** What was told last of the folder, and of each file that is held. */
  readonly #told = new Map<string, string>();
  readonly #work: Promise<void>;
  /** By name, what is being done with a file. */
  readonly #taking = new Map<string, Promise<void>>();
  /** What that has ended for since the last look began, which may have seen them before. */
  readonly #taken = new Set<string>();
  #cancelPause: () => void = () => undefined;

  constructor(
    client: SwarmClient,
    settings: WatchSettings,
    credentials: Credentials | undefined,
    log: LogTarget,
    say: Say,
  ) {
    this.#client = client;
    this.#settings = settings;
    this.#copies = new WatchedCopies(settings.stateDir);
    this.#credentials = credentials;
    this.#say = say;
    this.#logFile = openLog(log, 'watch');
    this.#work = this.#watch();
  }

  /** What is being taken is left as it is, for the next run. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancelPause();
    await within<unknown>(this.#ended(), WATCH_CLOSE_MS, () => undefined);
    this.#logFile.close();
  }

  async #ended(): Promise<void> {
    await this.#work;
    await Promise.all(this.#taking.values());
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#look();
      if (this.#stop.signal.aborted) return;
      await new Promise<void>((resolve) => {
        const pause = alarm(WATCH_LOOK_MS, resolve);
        this.#cancelPause = () => {
          pause.cancel();
          resolve();
        };
      });
    }
  }

  async #look(): Promise<void> {
    const { directory, destination } = this.#settings;
    this.#taken.clear();
    try {
      const files = await listed(directory);
      const steps = this.#dropped.look(files, systemClock.nowMs());
      this.#forgetTold(files);
      await stat(`${destination}/`).catch((error: unknown) => Promise.reject(directoryError(error, destination)));
      this.#unsay('', `${directory} is watched again`);
      for (const step of steps) {
        if (this.#taking.size >= WATCH_TAKEN_AT_ONCE) await Promise.race(this.#taking.values());
        if (this.#stop.signal.aborted) return;
        this.#begin(step);
      }
    } catch (error) {
      const { message } = directoryError(error, directory);
      this.#tellOnce('', `nothing is fetched from ${directory} until this is mended: ${message}`);
    }
  }

  /** One whose trackers do not answer holds up no other. */
  #begin(step: DroppedStep): void {
    const { name } = step.file;
    if (this.#taking.has(name) || this.#taken.has(name)) return;
    const { directory } = this.#settings;
    const work = this.#perform(step)
      .catch((error: unknown) => this.#tellOnce(name, directoryError(error, directory).message))
      .finally(() => {
        this.#taking.delete(name);
        this.#taken.add(name);
      });
    this.#taking.set(name, work);
  }

  async #perform(step: DroppedStep): Promise<void> {
    const { file } = step;
    if (step.kind === 'refuse') return this.#fail(file, step.reason);
    try {
      const mtorrent = await (step.as === 'link' ? this.#ofLink(file) : this.#copies.keep(this.#pathOf(file), file));
      if (this.#stop.signal.aborted) return;
      const { path } = await this.#client.get(mtorrent, `${this.#settings.destination}/`);
      this.#logFile.log.info({ file: file.name, path }, 'a file of the watched folder is being fetched');
      await this.#rename(file, '.added');
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      await this.#judge(file, error);
    }
  }

  /** Whether a failure is the last word on this file. */
  async #judge(file: DroppedFile, error: MiniTorrentError): Promise<void> {
    if (this.#stop.signal.aborted || error.code === 'CANCELLED') return;
    const files = await this.#client.files().catch(() => []);
    if (files.some(({ state }) => state === 'checking')) return this.#hold(file, WATCH_CHECKING_MS);
    if (!PASSING.includes(error.code)) return this.#fail(file, error.message);
    this.#hold(file, WATCH_AGAIN_MS);
    this.#tellOnce(file.name, `${file.name} cannot be fetched yet, and is tried again: ${error.message}`);
  }

  #hold(file: DroppedFile, ms: number): void {
    this.#dropped.hold(file, systemClock.nowMs() + ms);
  }

  async #fail(file: DroppedFile, reason: string): Promise<void> {
    this.#tellOnce(file.name, `${file.name} is not fetched: ${reason}`);
    const path = join(this.#settings.directory, `${file.name}.failed.txt`);
    try {
      const flag = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
      await writeFile(path, `${printable(reason)}\n`, { flag, mode: 0o644 });
    } catch (error) {
      this.#logFile.log.warn({}, fileError(error, path).message);
    }
    await this.#rename(file, '.failed');
  }

  async #rename(file: DroppedFile, suffix: string): Promise<void> {
    const from = this.#pathOf(file);
    try {
      await rename(from, `${from}${suffix}`);
    } catch (error) {
      // Somebody has taken it away, which is as good.
      if (errnoOf(error) === 'ENOENT') return;
      this.#dropped.hold(file, Number.POSITIVE_INFINITY);
      this.#tellOnce(
        file.name,
        `${file.name} cannot be renamed, and stays as it is: ${fileError(error, from).message}`,
      );
    }
  }

  #pathOf({ name }: DroppedFile): string {
    return join(this.#settings.directory, name);
  }

  async #ofLink(file: DroppedFile): Promise<string> {
    const text = (await smallText(this.#pathOf(file))).trim();
    if (!isLink(text) || text.indexOf('mtorrent:') !== text.lastIndexOf('mtorrent:'))
      throw new MiniTorrentError('INVALID_LINK', 'a .link file has one link in it, a line that begins with mtorrent:');
    const { stateRoot, mayName } = this.#settings;
    return mtorrentOfLink(text, { stateRoot, mayName, signal: this.#stop.signal, credentials: this.#credentials });
  }

  #tellOnce(about: string, sentence: string): void {
    if (this.#told.get(about) === sentence) return;
    this.#told.set(about, sentence);
    this.#logFile.log.warn({}, sentence);
    this.#say('bad', printable(sentence));
  }

  #unsay(about: string, sentence: string): void {
    if (!this.#told.delete(about)) return;
    this.#logFile.log.info({}, sentence);
    this.#say('good', printable(sentence));
  }

  #forgetTold(files: readonly DroppedFile[]): void {
    const names = new Set(['', ...files.map(({ name }) => name)]);
    for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
  }
}

/** Files that may be meant, without following links. */
async function listed(directory: string): Promise<readonly DroppedFile[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(directory, { bufferSize: WATCH_NAMES_READ })) {
    if (!/\.(mtorrent|link)$/.test(name)) continue;
    names.push(name);
    if (names.length >= WATCH_NAMES_MAX) break;
  }
  const files: DroppedFile[] = [];
  for (const name of names) {
    // It may be gone already.
    const found = await lstat(join(directory, name)).catch(() => undefined);
    if (found === undefined) continue;
    const kind = found.isSymbolicLink() ? 'link' : found.isFile() ? 'file' : 'other';
    files.push({ name, kind, size: found.size, mtimeMs: found.mtimeMs });
  }
  return files;
}

async function smallText(path: string): Promise<string> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      const buffer = new Uint8Array(LINK_FILE_BYTES_MAX);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
      return new TextDecoder().decode(buffer.subarray(0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

// What a holder on another kernel can be known by: the pid file of its directory, whose time it renews with every
// heartbeat. No clocks are compared: who comes watches whether the time changes, for as long as the file itself says.

import { constants } from 'node:fs';
import { open, rm, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../../../foundation/base/deferred.js';
import { errnoOf, MiniTorrentError } from '../../../foundation/base/errors.js';
import { type Holder, isOnThisKernel, nameOf, parseHolder, thisProcess } from '../../../foundation/base/holder.js';
import { LOCK_ANSWER_BYTES_MAX } from '../../../foundation/base/limits.js';
import { atomicWriteFile } from '../disk/state-file.js';
import { BEATS_MISSED, LEASE_BEAT_MS, LEASE_LOCAL_BEAT_MS, LEASE_LOOK_MS } from '../limits.js';

const PID_FILE = 'pid';

/** File systems of one machine: ext, XFS, Btrfs, tmpfs, ZFS, F2FS, bcachefs, and the layers of containers. */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x794c7630]);

/** The pid file at one moment. */
interface Sight {
  readonly holder: Holder | undefined;
  /** Differs after each heartbeat, and for each holder. */
  readonly stamp: string;
}

/** Whether other machines cannot have the directory mounted as their own. */
async function isLocal(directory: string): Promise<boolean> {
  try {
    // Its type is signed on some platforms.
    const { type } = await statfs(directory);
    return LOCAL.has(type >>> 0);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    // A file system that does not say what it is may be anybody's.
    return false;
  }
}

/** How often the holder of this directory says that it lives, in milliseconds. */
export async function beatOf(directory: string): Promise<number> {
  return (await isLocal(directory)) ? LEASE_LOCAL_BEAT_MS : LEASE_BEAT_MS;
}

/** From the directory's pid file; undefined before its holder has written it. */
export async function writtenHolder(directory: string): Promise<Holder | undefined> {
  return (await sightOf(directory))?.holder;
}

/**
 * Resolves once no holder on another kernel can live: at once in most cases, or when its heart has not beaten for as
 * long as it takes. Rejects with ALREADY_RUNNING when it has.
 * @param tell gets the reason of a wait.
 */
export async function outlive(directory: string, tell: (sentence: string) => void): Promise<void> {
  const self = thisProcess();
  const first = await sightOf(directory);
  const holder = first?.holder;
  if (first === undefined || holder === undefined || isOnThisKernel(holder, self)) return;
  // A release that wrote no heartbeat cannot be watched. A machine that started again is not two machines.
  if (holder.beatMs === undefined) return;
  if (holder.host === self.host && (await isLocal(directory))) return;
  const waitMs = holder.beatMs * BEATS_MISSED;
  const who = nameOf(holder, self);
  tell(
    `${directory} was last used by ${who}, which did not say that it ended; waiting up to ${Math.ceil(waitMs / 1_000)} s to see whether it still runs`,
  );
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs) {
    await pause(Math.min(LEASE_LOOK_MS, holder.beatMs / 2));
    const now = await sightOf(directory);
    if (now === undefined) return;
    if (now.stamp !== first.stamp) throw heldBy(directory, now.holder ?? holder, self);
  }
}

/** A state directory is in use. */
export class HeldError extends MiniTorrentError {
  /** Whose it is, as a phrase. */
  readonly who: string;

  constructor(directory: string, who: string, cause?: unknown) {
    const sentence = `${who} is already using the state directory ${directory}; stop it or choose another state directory`;
    super('ALREADY_RUNNING', sentence, cause);
    this.who = who;
  }
}

export function heldBy(directory: string, holder: Holder | undefined, self: Holder, cause?: unknown): MiniTorrentError {
  return new HeldError(directory, nameOf(holder, self), cause);
}

/** The pid file of this process: written at once, renewed until `end`. */
export class Lease {
  readonly #directory: string;
  readonly #path: string;
  readonly #line: string;
  readonly #onLost: (error: MiniTorrentError) => void;
  readonly #beats: NodeJS.Timeout;
  #isBeating = false;

  private constructor(directory: string, line: string, beatMs: number, onLost: (error: MiniTorrentError) => void) {
    this.#directory = directory;
    this.#path = join(directory, PID_FILE);
    this.#line = line;
    this.#onLost = onLost;
    this.#beats = setInterval(() => void this.#beat(), beatMs).unref();
  }

  /** @param onLost another holder's line is in the file: this process stood still for longer than a lease. */
  static async begin(
    directory: string,
    line: string,
    beatMs: number,
    onLost: (error: MiniTorrentError) => void,
  ): Promise<Lease> {
    await write(directory, line);
    return new Lease(directory, line, beatMs, onLost);
  }

  /** Removes the file, unless it is another holder's, or its disk does not let it be read or removed. */
  async end(): Promise<void> {
    clearInterval(this.#beats);
    try {
      if ((await textOf(this.#path))?.text.trim() === this.#line) await rm(this.#path, { force: true });
    } catch (error) {
      // Who comes next finds its holder dead.
      if (errnoOf(error) === undefined) throw error;
    }
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      const found = await textOf(this.#path);
      if (found === undefined) await write(this.#directory, this.#line);
      else if (found.text.trim() === this.#line) await this.#renew();
      else this.#lose(found.text);
    } catch {
      // A disk that does not answer now may answer at the next beat; whoever waits for us waits for several.
    } finally {
      this.#isBeating = false;
    }
  }

  async #renew(): Promise<void> {
    const now = new Date();
    // Not every file system has a time to set.
    await utimes(this.#path, now, now).catch(() => write(this.#directory, this.#line));
  }

  #lose(line: string): void {
    clearInterval(this.#beats);
    const self = thisProcess();
    const who = nameOf(parseHolder(line, self), self);
    const sentence = `${who} has taken over the state directory ${this.#directory}, because this process stood still for too long; stop one of them before it is used again`;
    this.#onLost(new MiniTorrentError('ALREADY_RUNNING', sentence));
  }
}

function write(directory: string, line: string): Promise<void> {
  return atomicWriteFile(join(directory, PID_FILE), Buffer.from(`${line}\n`), 0o600, false);
}

async function sightOf(directory: string): Promise<Sight | undefined> {
  const found = await textOf(join(directory, PID_FILE));
  if (found === undefined) return undefined;
  return { holder: parseHolder(found.text, thisProcess()), stamp: `${found.renewedMs} ${found.text}` };
}

/** Opened each time, because NFS looks at the server's copy only then. Undefined when there is none. */
async function textOf(path: string): Promise<{ readonly text: string; readonly renewedMs: number } | undefined> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { mtimeMs } = await handle.stat();
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOCK_ANSWER_BYTES_MAX), 0, LOCK_ANSWER_BYTES_MAX, 0);
      return { text: buffer.toString('latin1', 0, bytesRead), renewedMs: mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    // ESTALE: it was replaced while we looked.
    if (['ENOENT', 'ESTALE'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

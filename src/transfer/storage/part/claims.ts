// Holds this client's claims on the `.part`s that it writes: a file beside each, made exclusively and written again
// every few seconds. No clocks are compared: another host's claim is watched, and replaced when nobody writes it.
// Invariant: one take or release of a path runs at a time.

import { randomBytes } from 'node:crypto';
import { constants, readFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { pause } from '../../../foundation/base/deferred.js';
import { errnoOf, fileError, MiniTorrentError } from '../../../foundation/base/errors.js';
import { thisProcess } from '../../../foundation/base/holder.js';
import type { Log } from '../../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../../foundation/base/timers.js';
import { moveWithoutOverwriting, unlinkIfThere } from '../disk/publish.js';
import { readBounded } from '../disk/state-file.js';
import {
  CLAIM_BEAT_MS,
  CLAIM_BYTES_MAX,
  CLAIM_LOOK_MS,
  CLAIM_TRIES_MAX,
  CLAIM_WATCH_MS,
  CLAIMS_LEFT_MAX,
} from '../limits.js';
import { claimPathOf, partPathOf } from '../target.js';
import { type Claim, claimedBy, formatClaim, parseClaim, standingOf } from './claim.js';

interface Held {
  claim: Claim;
  timer: Timer | undefined;
}

export interface PartClaimsOptions {
  /** Where this client is reached in the background; empty when it is not. */
  readonly socket: string;
  readonly log: Log;
}

export class PartClaims {
  readonly #options: PartClaimsOptions;
  /** By the path of the target. */
  readonly #held = new Map<string, Held>();
  readonly #turns = new Map<string, Promise<unknown>>();
  /** By the path of the target: claims that may lie on a disk that let none be removed when they were released. */
  readonly #left = new Map<string, Claim>();
  readonly #closing = new AbortController();

  constructor(options: PartClaimsOptions) {
    this.#options = options;
  }

  /**
   * Claims the `.part` of `targetPath` until `release`. Rejects with ALREADY_RUNNING while another client writes it. In
   * a directory where no claim can be made, there is none.
   */
  take(targetPath: string): Promise<void> {
    return this.#inTurn(targetPath, async () => {
      if (this.#held.has(targetPath)) return;
      const claim = newClaim(this.#options.socket);
      if (!(await this.#make(targetPath, claim))) return;
      this.#held.set(targetPath, { claim, timer: undefined });
      this.#beatLater(targetPath);
    });
  }

  /** Rejects as `take` does. Removes the claim of a writer that is gone. */
  async refuseIfTaken(targetPath: string): Promise<void> {
    await this.#inTurn(targetPath, async () => {
      if (!this.#held.has(targetPath)) await this.#clearDead(targetPath);
    });
  }

  /** No other client has taken up what lies there. */
  async isFree(targetPath: string): Promise<boolean> {
    try {
      await this.refuseIfTaken(targetPath);
      return true;
    } catch (error) {
      if (error instanceof MiniTorrentError && error.code === 'ALREADY_RUNNING') return false;
      throw error;
    }
  }

  release(targetPath: string): Promise<void> {
    return this.#inTurn(targetPath, async () => {
      const held = this.#held.get(targetPath);
      if (held === undefined) return;
      held.timer?.cancel();
      this.#held.delete(targetPath);
      try {
        const there = await claimAt(targetPath);
        if (there?.run === held.claim.run) await unlinkIfThere(claimPathOf(targetPath));
        // Its disk may be away, and come back with it.
        else if (there === undefined) this.#leave(targetPath, held.claim);
      } catch (error) {
        // The next client finds it dead; while this process lives, only this one knows that.
        this.#leave(targetPath, held.claim);
        this.#options.log.warn({ err: error, path: targetPath }, 'the claim on a .part could not be removed');
      }
    });
  }

  /** Releases all, and ends the watching of others. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#held.keys()].map((path) => this.release(path)));
  }

  /** False where no claim can be made: then creating the `.part` fails as well, or nobody has claims there. */
  async #make(targetPath: string, claim: Claim): Promise<boolean> {
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries += 1) {
      try {
        const isLeft = this.#isLeft(targetPath, await claimAt(targetPath));
        await writeClaim(targetPath, claim, isLeft ? 0 : constants.O_CREAT | constants.O_EXCL);
        this.#left.delete(targetPath);
        return true;
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') {
          this.#options.log.warn({ err: error, path: targetPath }, 'a .part is written without a claim on it');
          return false;
        }
      }
      await this.#clearDead(targetPath);
    }
    throw held(targetPath, await claimAt(targetPath));
  }

  /** Rejects with ALREADY_RUNNING while another client writes the `.part`. Removes a claim whose holder is gone. */
  async #clearDead(targetPath: string): Promise<void> {
    const found = await textAt(targetPath);
    if (found === undefined) return;
    const claim = parseClaim(found);
    if (this.#isLeft(targetPath, claim)) return;
    const standing = standingOf(claim, thisProcess(), startOf);
    const isAlive = standing === 'unknown' ? await this.#isWrittenAgain(targetPath, found) : standing === 'alive';
    // It may just be written again.
    if (isAlive) throw held(targetPath, (await claimAt(targetPath)) ?? claim);
    await removeClaim(targetPath, found);
  }

  #leave(targetPath: string, claim: Claim): void {
    this.#left.set(targetPath, claim);
    const [oldest] = this.#left.keys();
    if (this.#left.size > CLAIMS_LEFT_MAX && oldest !== undefined) this.#left.delete(oldest);
  }

  #isLeft(targetPath: string, there: Claim | undefined): boolean {
    return there !== undefined && this.#left.get(targetPath)?.run === there.run;
  }

  async #isWrittenAgain(targetPath: string, text: string): Promise<boolean> {
    const { signal } = this.#closing;
    const untilMs = systemTimers.nowMs() + CLAIM_WATCH_MS;
    while (systemTimers.nowMs() < untilMs) {
      await pause(CLAIM_LOOK_MS);
      if (signal.aborted) throw new MiniTorrentError('CANCELLED', 'the client is closing');
      const now = await textAt(targetPath);
      if (now !== text) return now !== undefined;
    }
    return false;
  }

  #beatLater(targetPath: string): void {
    const held = this.#held.get(targetPath);
    if (held === undefined) return;
    const ring = (): void => void this.#inTurn(targetPath, () => this.#beat(targetPath));
    held.timer = systemTimers.at(systemTimers.nowMs() + CLAIM_BEAT_MS, ring);
  }

  async #beat(targetPath: string): Promise<void> {
    const held = this.#held.get(targetPath);
    if (held === undefined) return;
    const { log } = this.#options;
    try {
      const there = await claimAt(targetPath);
      held.claim = { ...held.claim, beat: held.claim.beat + 1 };
      if (there === undefined) await writeClaim(targetPath, held.claim, constants.O_CREAT);
      else if (there.run === held.claim.run) await writeClaim(targetPath, held.claim, 0);
      // This process stood still for long. Both write the same verified bytes, so nothing is lost.
      else log.warn({ path: targetPath }, 'another client has taken over a .part that this one writes');
    } catch (error) {
      log.warn({ err: error, path: targetPath }, 'the claim on a .part could not be written again');
    }
    this.#beatLater(targetPath);
  }

  #inTurn<T>(targetPath: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(targetPath) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(targetPath, settled);
    void settled.then(() => {
      if (this.#turns.get(targetPath) === settled) this.#turns.delete(targetPath);
    });
    return turn;
  }
}

function held(targetPath: string, claim: Claim | undefined): MiniTorrentError {
  return new MiniTorrentError('ALREADY_RUNNING', claimedBy(partPathOf(targetPath), claim, thisProcess()));
}

/** Removes exactly the claim that was judged: moved aside first, and put back when it turns out to be another one. */
async function removeClaim(targetPath: string, judged: string): Promise<void> {
  const path = claimPathOf(targetPath);
  const aside = `${path}-${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
    if ((await textOf(aside)) !== judged) await moveWithoutOverwriting(aside, path);
    else await unlinkIfThere(aside);
  } catch (error) {
    // Somebody else was faster.
    if (!['ENOENT', 'EEXIST'].includes(errnoOf(error) ?? '')) throw fileError(error, path);
    await unlinkIfThere(aside);
  }
}

function newClaim(socket: string): Claim {
  const started = startOf(process.pid) ?? '';
  return { ...thisProcess(), run: randomBytes(8).toString('hex'), started, socket, beat: 0 };
}

/** In one write, then closed: other hosts of a network file system see it then. */
async function writeClaim(targetPath: string, claim: Claim, flags: number): Promise<void> {
  const handle: FileHandle = await open(
    claimPathOf(targetPath),
    constants.O_WRONLY | constants.O_NOFOLLOW | flags,
    0o644,
  );
  try {
    const text = Buffer.from(formatClaim(claim));
    await handle.write(text, 0, text.length, 0);
    await handle.truncate(text.length);
  } catch (error) {
    // On a full disk: an empty claim would make the next client wait for a writer that nobody knows.
    if ((flags & constants.O_EXCL) !== 0) await unlinkIfThere(claimPathOf(targetPath));
    throw error;
  } finally {
    await handle.close();
  }
}

async function claimAt(targetPath: string): Promise<Claim | undefined> {
  const text = await textAt(targetPath);
  return text === undefined ? undefined : parseClaim(text);
}

function textAt(targetPath: string): Promise<string | undefined> {
  return textOf(claimPathOf(targetPath));
}

/** Undefined when there is none. What cannot be read is a claim that says nothing. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await readBounded(path, CLAIM_BYTES_MAX)).toString('utf8');
  } catch (error) {
    if (!(error instanceof MiniTorrentError)) throw error;
    return error.code === 'FILE_NOT_FOUND' ? undefined : '';
  }
}

/** When the process started, as the kernel counts; empty where that is not known; undefined when there is none. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') return undefined;
  }
  try {
    // The name before these fields is in brackets, and may have blanks.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    // A zombie has ended, and only its parent has not noticed.
    return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
  } catch {
    // No Linux, or /proc is hidden.
    return '';
  }
}

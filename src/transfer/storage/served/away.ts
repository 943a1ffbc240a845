// A share that one peer thread uploads from a disk that may hang. It is opened, read and closed on the system's threads
// into memory of its own, so that a call that never returns holds no upload buffer and delays no other disk.

import type { AwayDisk, AwayTurn } from '../disk/away-disk.js';
import { bytesOf, within } from '../disk/read-targets.js';
import { AWAY_READ_BYTES } from '../limits.js';
import type { ServedStorage } from '../messages.js';
import type { OpenServed, ReadEnd, ServeFailure } from './file.js';

export interface AwayOptions {
  readonly name: ServedStorage;
  readonly disk: AwayDisk;
  readonly descriptors: number;
  /** Opens it on the system's threads. Resolves to Node's errno when it cannot be opened. */
  readonly open: () => Promise<OpenServed | string>;
}

export class AwayServed implements OpenServed {
  readonly descriptors: number;
  readonly #options: AwayOptions;
  #opening: Promise<OpenServed | string> | undefined;
  /** Calls under way, those that nobody waits for included. */
  #calls = 0;
  #isClosed = false;

  constructor(options: AwayOptions) {
    this.#options = options;
    this.descriptors = options.descriptors;
  }

  /** Opens it. `failed` is called when it cannot be opened. */
  probe(failed: (failure: ServeFailure) => void): void {
    const opened = async (): Promise<ServeFailure | undefined> => this.#failureOf(await this.#opened());
    this.#do(opened, (failure) => failure !== undefined && failed(failure));
  }

  read(offset: number, targets: readonly Uint8Array[], done: ReadEnd, onSlow: () => void = () => undefined): void {
    this.#do((turn) => this.#fill(turn, offset, targets), done, onSlow);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#calls === 0) void this.#closeNow();
  }

  #do(
    work: (turn: AwayTurn) => Promise<ServeFailure | undefined>,
    done: ReadEnd,
    onSlow = (): void => undefined,
  ): void {
    const { disk, name } = this.#options;
    const counted = async (turn: AwayTurn): Promise<ServeFailure | undefined> => {
      this.#calls += 1;
      try {
        return await work(turn);
      } finally {
        this.#calls -= 1;
        if (this.#isClosed && this.#calls === 0) void this.#closeNow();
      }
    };
    // The whole share: what else lies there cannot be read either.
    const late = { path: name.path, errno: 'ETIMEDOUT' };
    void disk.do(name.path, counted, onSlow).then((end) => done(end === 'late' ? late : end));
  }

  async #fill(turn: AwayTurn, offset: number, targets: readonly Uint8Array[]): Promise<ServeFailure | undefined> {
    const opened = await this.#opened();
    if (typeof opened === 'string') return this.#failureOf(opened);
    turn.answered();
    const length = bytesOf(targets);
    for (let at = 0; at < length && !turn.isLate; at += AWAY_READ_BYTES) {
      const bytes = turn.memory.subarray(0, Math.min(AWAY_READ_BYTES, length - at));
      const failure = await new Promise<ServeFailure | undefined>((resolve) =>
        opened.read(offset + at, [bytes], resolve),
      );
      // The targets are somebody else's by now.
      if (failure !== undefined || turn.isLate) return failure;
      copy(bytes, within(targets, at, bytes.length));
      turn.answered();
    }
    return undefined;
  }

  #opened(): Promise<OpenServed | string> {
    this.#opening ??= this.#options.open().then((opened) => {
      // The next read tries again.
      if (typeof opened === 'string') this.#opening = undefined;
      return opened;
    });
    return this.#opening;
  }

  #failureOf(opened: OpenServed | string): ServeFailure | undefined {
    return typeof opened === 'string' ? { path: this.#options.name.path, errno: opened } : undefined;
  }

  async #closeNow(): Promise<void> {
    const opened = await this.#opening;
    this.#opening = undefined;
    if (opened !== undefined && typeof opened !== 'string') opened.close();
  }
}

function copy(bytes: Uint8Array, targets: readonly Uint8Array[]): void {
  let at = 0;
  for (const target of targets) {
    target.set(bytes.subarray(at, at + target.length));
    at += target.length;
  }
}

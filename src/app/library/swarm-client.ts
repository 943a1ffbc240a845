// A client as programs use it, and the console too: each command a method whose promise settles with the answer. The client
// may run in this process or be a daemon behind a socket; nothing here knows which. Every method rejects with
// MiniTorrentError (stable `code`, one sentence) when the client refuses.

import type { ClientCommand, ClientEvent } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';
import { deferred } from '../../foundation/base/deferred.js';
import type { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogLevel } from '../../foundation/base/log.js';
import { type Answer, Asker, type ClientNotification, type Question } from './asker.js';
import { Download } from './download.js';
import {
  type FileView,
  type FindingView,
  type Overview,
  type PeerView,
  type PieceMap,
  peerView,
  type TrackerView,
  type Verification,
} from './views.js';

export interface ClientFacts {
  /** ip:port where other clients fetch from it. */
  readonly address: string;
  /** The pair that its shares are announced to. */
  readonly trackers: readonly [string, string];
  readonly pid: number;
}

/** The way to a client. */
export interface ClientLine {
  readonly facts: ClientFacts;
  tell(command: ClientCommand): void;
  /** Lets go of what this program holds of the client; absent where that is nothing. Idempotent. */
  close?(): Promise<void>;
}

type AnswerOf<K extends Answer['kind']> = Extract<Answer, { kind: K }>;

export class SwarmClient {
  readonly #line: ClientLine;
  readonly #asker: Asker;
  readonly #listeners = new Set<(event: ClientNotification) => void>();
  readonly #ended = deferred<MiniTorrentError>();

  constructor(line: ClientLine) {
    this.#line = line;
    this.#asker = new Asker((command) => line.tell(command));
  }

  get facts(): ClientFacts {
    return this.#line.facts;
  }

  /** Everything that the client says comes in here. */
  onEvent(event: ClientEvent): void {
    const happening = this.#asker.take(event);
    if (happening !== undefined) for (const listener of [...this.#listeners]) listener(happening);
  }

  /** The client, or the way to it, is gone: open questions reject with `why`. Idempotent. */
  lineEnded(why: MiniTorrentError): void {
    this.#asker.end(why);
    this.#ended.resolve(why);
  }

  /** Settles, with the reason, when this client can no longer be asked. */
  get ended(): Promise<MiniTorrentError> {
    return this.#ended.promise;
  }

  /** Downloads that end, notices: whatever happens unasked. Answers how to stop listening. */
  listen(listener: (event: ClientNotification) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Makes a .mtorrent of a local file, tells the trackers, serves the file. Answers the name of the .mtorrent. Paths absolute.
   * FILE_NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENTS, UNSAFE_NAME, …
   */
  async share(path: string, mtorrentPath: string): Promise<string> {
    return this.#accepted({ kind: 'share', path, mtorrentPath });
  }

  /**
   * Downloads in the background, into a directory or to a file name; answers as soon as it is accepted. Paths absolute.
   * MTORRENT_FILE_NOT_FOUND, INVALID_MTORRENT, ALREADY_EXISTS, DISK_FULL, …
   */
  async get(mtorrentPath: string, destination: string): Promise<Download> {
    // Before the question: a small file may be complete before its answer is heard.
    const download = new Download(this);
    try {
      download.accepted(await this.#accepted({ kind: 'get', mtorrentPath, destination }));
    } catch (error) {
      download.dismiss();
      throw error;
    }
    return download;
  }

  /** A download that was accepted before, by this program or another one. FILE_NOT_FOUND. @param name as of `file`. */
  async follow(name: string): Promise<Download> {
    const download = new Download(this);
    try {
      download.accepted((await this.file(name)).path);
    } catch (error) {
      download.dismiss();
      throw error;
    }
    return download;
  }

  /** Off the trackers and out of the library; the file itself is kept. NOT_COMPLETE for an unfinished one without `force`. */
  async remove(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<string> {
    return this.#accepted({ kind: 'remove', name, force });
  }

  async pause(name: string): Promise<string> {
    return this.#accepted({ kind: 'pause', name });
  }

  async resume(name: string): Promise<string> {
    return this.#accepted({ kind: 'resume', name });
  }

  /** Settles when no download runs or waits. */
  async wait(): Promise<string> {
    return this.#accepted({ kind: 'wait' });
  }

  async files(): Promise<readonly FileView[]> {
    return (await this.#ask({ kind: 'list' }, 'listed')).rows;
  }

  /** By path or name of the .mtorrent, by the file's name, or by its path. FILE_NOT_FOUND. */
  async file(name: string): Promise<FileView> {
    const [row] = (await this.#ask({ kind: 'find', name }, 'listed')).rows;
    assert(row !== undefined, 'a file that is found has a row');
    return row;
  }

  async overview(): Promise<Overview> {
    const { rows, files, received, sent } = await this.#ask({ kind: 'overview' }, 'overviewListed');
    return { files: rows, fileCount: files, received, sent };
  }

  async peers(name: string): Promise<readonly PeerView[]> {
    return (await this.#ask({ kind: 'peers', name }, 'peersListed')).peers.map(peerView);
  }

  async pieces(name: string): Promise<PieceMap> {
    return this.#ask({ kind: 'pieces', name }, 'piecesListed');
  }

  async trackers(): Promise<readonly TrackerView[]> {
    return (await this.#ask({ kind: 'trackers' }, 'trackersListed')).trackers;
  }

  /** Hashes again what a file is said to have, throttled; settles when that is done. */
  async verify(name: string): Promise<Verification> {
    return this.#ask({ kind: 'verify', name }, 'verified');
  }

  /** Looks for what is wrong, and for what limits running downloads. */
  async doctor(): Promise<readonly FindingView[]> {
    return (await this.#ask({ kind: 'doctor' }, 'diagnosed')).findings;
  }

  /** Tells the trackers now, and asks them for peers: of one file, or of all. Answers of how many files. FILE_NOT_FOUND. */
  async reannounce(name = ''): Promise<number> {
    return Number(await this.#accepted({ kind: 'reannounce', name }));
  }

  /** Memory, CPU and event-loop delays of the client, as `show stats` prints them. */
  async stats(): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse((await this.#ask({ kind: 'stats' }, 'statsListed')).json) as Record<string, unknown>;
  }

  /** Payload bytes a second of the whole client in one direction; 0: no limit. Answers both as they are now. */
  async limit(direction: 'up' | 'down', rate: number): Promise<{ readonly up: number; readonly down: number }> {
    return this.#ask({ kind: 'limit', direction, rate }, 'limitsListed');
  }

  async limits(): Promise<{ readonly up: number; readonly down: number }> {
    return this.#ask({ kind: 'limits' }, 'limitsListed');
  }

  async logLevel(level: LogLevel): Promise<string> {
    return this.#accepted({ kind: 'logLevel', level });
  }

  /** Leaves the trackers and ends the client, wherever it runs. */
  async quit(): Promise<string> {
    return this.#accepted({ kind: 'quit' });
  }

  /** Ends a client of this process as `quit` does; hangs up on one that runs elsewhere, which goes on. */
  async close(): Promise<void> {
    await this.#line.close?.();
  }

  async #accepted(question: Question): Promise<string> {
    return (await this.#ask(question, 'accepted')).detail;
  }

  async #ask<K extends Answer['kind']>(question: Question, kind: K): Promise<AnswerOf<K>> {
    const answer = await this.#asker.ask(question);
    assert(answer.kind === kind, `${question.kind} is answered by ${kind}`);
    return answer as AnswerOf<K>;
  }
}

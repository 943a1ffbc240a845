// A client as programs and the console use it: each command is a method whose promise settles with the answer. The
// client may run in this process or behind a socket; nothing here knows which. Every method rejects with
// MiniTorrentError when the client refuses.

import { AS_IT_IS, type ClientEvent, EVERYTHING, type GetWish, type ShareOptions } from '../../client/messages.js';
import { assert } from '../../foundation/base/assert.js';
import { deferred } from '../../foundation/base/deferred.js';
import type { MiniTorrentError } from '../../foundation/base/errors.js';
import type { LogLevel } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { addressFrom } from '../../foundation/torrent/address.js';
import { type TrackerList, trackerList } from '../../foundation/torrent/tracker-pair.js';
import type { ClientChannel, ClientFacts } from './channel.js';
import { Download } from './download.js';
import type { SwarmEvent } from './event-rows.js';
import { Events } from './events.js';
import type { InvitationView } from './invitations.js';
import { askByOtherPath, isUnknown } from './other-paths.js';
import { type Answer, type ClientNotification, type ClientRequest, RequestClient } from './request-client.js';
import { type SwarmMap, swarmMap } from './swarm-map.js';
import type { SwarmReport } from './swarm-report.js';
import {
  type ClientStats,
  type FileView,
  type FindingView,
  type ListedFile,
  type Overview,
  type PeerView,
  type PieceMap,
  peerView,
  type Relocation,
  type RetentionRules,
  type RetentionView,
  type Retracking,
  type TrackerView,
  type Verification,
} from './views.js';

export type { ClientChannel, ClientFacts } from './channel.js';

type AnswerOf<K extends Answer['kind']> = Extract<Answer, { kind: K }>;

/** How a file or folder is shared; what is absent is as in AS_IT_IS. */
export type Sharing = { readonly [K in keyof ShareOptions]?: ShareOptions[K] | undefined };

export class SwarmClient {
  readonly #channel: ClientChannel;
  readonly #requests: RequestClient;
  readonly #listeners = new Set<(event: ClientNotification) => void>();
  readonly #ended = deferred<MiniTorrentError>();
  #credentials: () => Promise<Credentials | undefined> = async () => undefined;

  constructor(channel: ClientChannel) {
    this.#channel = channel;
    this.#requests = new RequestClient((command) => channel.tell(command));
  }

  get facts(): ClientFacts {
    return this.#channel.facts;
  }

  /** @param credentials find who this machine is at the client's trackers; undefined where the swarm is open. */
  actAs(credentials: () => Promise<Credentials | undefined>): void {
    this.#credentials = credentials;
  }

  /** Takes every event of the client. */
  onEvent(event: ClientEvent): void {
    const notification = this.#requests.take(event);
    if (notification !== undefined) for (const listener of [...this.#listeners]) listener(notification);
  }

  /** The client, or the connection to it, is gone: open requests reject with `why`. Idempotent. */
  disconnected(why: MiniTorrentError): void {
    this.#requests.end(why);
    this.#ended.resolve(why);
  }

  /** Settles with the reason when this client can no longer be asked. */
  get ended(): Promise<MiniTorrentError> {
    return this.#ended.promise;
  }

  /** Passes on notifications: downloads that end, notices. Returns the function that stops it. */
  listen(listener: (event: ClientNotification) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * What happens from now on, in its order: downloads that end, notices, and the progress of what is under way while
   * the next event is waited for. An event `lost` says how many a slow reader has missed. Ends with the client, or when
   * its loop is left.
   */
  events(): AsyncIterableIterator<SwarmEvent> {
    return new Events(this);
  }

  /**
   * Makes a .mtorrent of a local file or folder, announces it, and serves it. Resolves to the name of the .mtorrent.
   * Paths are absolute. FILE_NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENTS, UNSAFE_NAME, …
   */
  async share(path: string, mtorrentPath: string, options: Sharing = {}): Promise<string> {
    const { exclude, skipUnshareable, followLinks, mtimes, mode, isListed } = AS_IT_IS;
    return this.#accepted({
      kind: 'share',
      path,
      mtorrentPath,
      exclude: options.exclude ?? exclude,
      skipUnshareable: options.skipUnshareable ?? skipUnshareable,
      followLinks: options.followLinks ?? followLinks,
      mtimes: options.mtimes ?? mtimes,
      mode: options.mode ?? mode,
      isListed: options.isListed ?? isListed,
      ...(options.isSigned === true ? { isSigned: true } : {}),
    });
  }

  /**
   * What the trackers of this client list: files whose names contain `text`, in any case, sorted by name. NO_TRACKER.
   */
  async listed(text: string): Promise<readonly ListedFile[]> {
    const { listFiles } = await import('../../tracking/tracker/listing.js');
    const { passageOf } = await import('./invitations.js');
    return listFiles(this.#trackers, text, passageOf(await this.#credentials()));
  }

  /** What a second machine has to be told to take part. NOT_ADMITTED when this one may not invite. */
  async invite(): Promise<InvitationView> {
    const { invitationFrom } = await import('./invitations.js');
    return invitationFrom(this.#trackers, await this.#credentials());
  }

  get #trackers(): TrackerList {
    const list = trackerList(this.facts.trackers.map((tracker) => addressFrom(tracker, 'a tracker')));
    assert(list !== undefined, 'a client has two trackers at least');
    return list;
  }

  /**
   * Downloads into a directory or to a file name; resolves as soon as the client accepts. Paths are absolute.
   * MTORRENT_FILE_NOT_FOUND, INVALID_MTORRENT, ALREADY_EXISTS, DISK_FULL, …
   * @param wish which files of a folder are wanted, and which files here may have bytes of it.
   */
  async get(mtorrentPath: string, destination: string, wish: Partial<GetWish> = EVERYTHING): Promise<Download> {
    // Listens before it asks: a small file may be complete before the answer arrives.
    const download = new Download(this);
    try {
      download.accepted(await this.#accepted({ kind: 'get', mtorrentPath, destination, ...EVERYTHING, ...wish }));
    } catch (error) {
      download.dismiss();
      throw error;
    }
    return download;
  }

  /** A download that was accepted before, for this program or another. FILE_NOT_FOUND. @param name as for `file`. */
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

  /**
   * Stops sharing and forgets the file, which stays on disk unless `content`. NOT_COMPLETE for an unfinished download
   * without `force`.
   */
  async remove(
    name: string,
    { force = false, content = false }: { readonly force?: boolean; readonly content?: boolean } = {},
  ): Promise<string> {
    return this.#accepted({ kind: 'remove', name, force, content });
  }

  async pause(name: string): Promise<string> {
    return this.#accepted({ kind: 'pause', name });
  }

  async resume(name: string): Promise<string> {
    return this.#accepted({ kind: 'resume', name });
  }

  /** Settles when no download is running or waiting. */
  async wait(): Promise<string> {
    return this.#accepted({ kind: 'wait' });
  }

  async files(): Promise<readonly FileView[]> {
    return (await this.#ask({ kind: 'list' }, 'listed')).rows;
  }

  /** Found by path or name of the .mtorrent, or by path or name of the file. FILE_NOT_FOUND. */
  async file(name: string): Promise<FileView> {
    const [row] = (await this.#ask({ kind: 'find', name }, 'listed')).rows;
    assert(row !== undefined, 'a file that was found has a row');
    return row;
  }

  /** The link to it, also when its .mtorrent is gone. FILE_NOT_FOUND. @param name as for `file`. */
  async link(name: string): Promise<string> {
    return this.#accepted({ kind: 'link', name });
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

  /** A file piece by piece, with who has, sends and fetches what. FILE_NOT_FOUND. @param name as for `file`. */
  async map(name: string): Promise<SwarmMap> {
    const mapped = await this.#ask({ kind: 'map', name }, 'mapped');
    return swarmMap(mapped, mapped.isLive ? mapped.own : (await this.pieces(name)).cells);
  }

  /**
   * What the trackers of a file were told by its members, as one report. FILE_NOT_FOUND, MTORRENT_FILE_NOT_FOUND,
   * NO_TRACKER. @param name as for `file`.
   */
  async report(name: string): Promise<SwarmReport> {
    const { reportOf } = await import('./reports.js');
    const { mtorrentPath } = await this.file(name);
    return reportOf(mtorrentPath, this.#trackers, await this.#credentials());
  }

  /**
   * For whoever reads a file in order while it is downloaded: resolves when this piece is there, to the number of
   * pieces that are there from it on. It and those behind it are fetched first. Rejects with why it will not come.
   */
  async readable(name: string, piece: number): Promise<number> {
    return (await this.#ask({ kind: 'read', name, piece }, 'readable')).pieces;
  }

  async trackers(): Promise<readonly TrackerView[]> {
    return (await this.#ask({ kind: 'trackers' }, 'trackersListed')).trackers;
  }

  /** Hashes every piece again that the file is recorded to have, throttled; settles when that is done. */
  async verify(name: string): Promise<Verification> {
    return this.#ask({ kind: 'verify', name }, 'verified');
  }

  /** Looks for faults, and for what limits the running downloads. */
  async doctor(): Promise<readonly FindingView[]> {
    return (await this.#ask({ kind: 'doctor' }, 'diagnosed')).findings;
  }

  /**
   * Tells the trackers now, and asks them for peers: of one file, or of all. Answers of how many files. FILE_NOT_FOUND.
   */
  async reannounce(name = ''): Promise<number> {
    return Number(await this.#accepted({ kind: 'reannounce', name }));
  }

  /**
   * Every file that names the tracker `from` names `to` from now on, and is announced there; .mtorrent files that are
   * still its own are rewritten. Addresses are ip:port. FILE_NOT_FOUND when no file names `from`.
   * @param isTrial only counts the files.
   */
  async retrack(from: string, to: string, isTrial = false): Promise<Retracking> {
    const { files, failures } = await this.#ask({ kind: 'retrack', from, to, isTrial }, 'retracked');
    return { files, failures, isForNewShares: this.facts.trackers.includes(from) };
  }

  /**
   * A complete share that was moved on the disk is shared from `path`, once it was found right there. NOT_COMPLETE,
   * FILE_NOT_FOUND, NOT_A_FILE, NOT_A_DIRECTORY, VERIFICATION_FAILED. @param name as for `file`. @param path absolute.
   */
  async relocate(name: string, path: string): Promise<void> {
    await this.#ask({ kind: 'relocate', from: name, to: path, isPrefix: false }, 'relocated');
  }

  /**
   * The same for everything that lay at or below the directory `from` and now lies in `to`. FILE_NOT_FOUND when nothing
   * did. @param from absolute, as is `to`.
   */
  async relocateBelow(from: string, to: string): Promise<Relocation> {
    const { files, refused, failures } = await this.#ask({ kind: 'relocate', from, to, isPrefix: true }, 'relocated');
    return { files, refused, failures };
  }

  /** Memory, CPU and event-loop delays of the client, as `show stats` prints them. */
  async stats(): Promise<ClientStats> {
    return (await this.#ask({ kind: 'stats' }, 'statsListed')).stats;
  }

  /** Sets the payload bytes per second of the whole client in one direction; 0: no limit. Resolves to both limits. */
  async limit(direction: 'up' | 'down', rate: number): Promise<{ readonly up: number; readonly down: number }> {
    return this.#ask({ kind: 'limit', direction, rate }, 'limitsListed');
  }

  async limits(): Promise<{ readonly up: number; readonly down: number }> {
    return this.#ask({ kind: 'limits' }, 'limitsListed');
  }

  /** Both limits, as a timetable says. @param note for people: what applies, and until when. */
  async limitBySchedule({ up, down }: { readonly up: number; readonly down: number }, note: string): Promise<void> {
    await this.#ask({ kind: 'limitBySchedule', up, down, note }, 'limitsListed');
  }

  /** What a timetable says of the limits; '' without one. */
  async limitNote(): Promise<string> {
    return this.#accepted({ kind: 'limitNote' });
  }

  /**
   * A waiting download becomes the first or the last of those that wait. Resolves to FIRST, LAST, or RUNNING when its
   * turn has come already. FILE_NOT_FOUND, INVALID_ARGUMENTS.
   */
  async queue(name: string, isFirst: boolean): Promise<string> {
    return this.#accepted({ kind: 'queue', name, isFirst });
  }

  /**
   * Which of the downloads the rules of retention would delete now, and why; nothing is deleted.
   * @param rules absent, or all 0: those that the client follows.
   */
  async retention({ days = 0, versions = 0, budget = 0 }: Partial<RetentionRules> = {}): Promise<RetentionView> {
    return this.#ask({ kind: 'retain', days, versions, budget, isTrial: true }, 'retained');
  }

  /**
   * Deletes what these rules say, now: of what this client has downloaded itself and nobody has shared, moved or
   * changed since. Resolves to what was decided; notices say what was deleted. UNFINISHED while files are checked.
   */
  async retain({ days, versions, budget }: RetentionRules): Promise<RetentionView> {
    return this.#ask({ kind: 'retain', days, versions, budget, isTrial: false }, 'retained');
  }

  async logLevel(level: LogLevel): Promise<string> {
    return this.#accepted({ kind: 'logLevel', level });
  }

  /** Leaves the trackers and ends the client, wherever it runs. */
  async quit(): Promise<string> {
    return this.#accepted({ kind: 'quit' });
  }

  /** Ends a client of this process as `quit` does; disconnects from one that runs elsewhere, which keeps running. */
  async close(): Promise<void> {
    await this.#channel.close?.();
  }

  /** A link that opens the page of the client in a browser, once and within a minute. NOT_RUNNING: it has none. */
  async web(): Promise<string> {
    return this.#accepted({ kind: 'web' });
  }

  async #accepted(request: ClientRequest): Promise<string> {
    return (await this.#ask(request, 'accepted')).detail;
  }

  async #ask<K extends Answer['kind']>(request: ClientRequest, kind: K): Promise<AnswerOf<K>> {
    const answer = await this.#requests.ask(request).catch((error: unknown) => this.#askOtherwise(request, error));
    assert(answer.kind === kind, `${request.kind} is answered by ${kind}`);
    return answer as AnswerOf<K>;
  }

  /** What a word does not name may be known by another path. */
  #askOtherwise(request: ClientRequest, error: unknown): Promise<Answer> {
    if (!isUnknown(error) || !('name' in request) || request.name === '') throw error;
    const ask = (name: string): Promise<Answer> => this.#requests.ask({ ...request, name });
    return askByOtherPath(request.name, error, ask, async () => (await this.files()).map((row) => row.mtorrentPath));
  }
}

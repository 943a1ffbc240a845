// Performs what the client's machine decides: with the threads, the trackers, the disk. Decides nothing. Whoever uses a
// client (console, demo, bench) tells it commands and hears its events.

import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Host } from '../actor/host.js';
import { unreachable } from '../base/assert.js';
import { deferred } from '../base/deferred.js';
import { MiniTorrentError } from '../base/errors.js';
import type { LogFile, LogLevel } from '../base/log.js';
import type { DirectoryLock } from '../disk/lock.js';
import type { DownloadEvent } from '../download/messages.js';
import type { ServeEvent } from '../peer/messages.js';
import type { Address } from '../torrent/address.js';
import { formatAddress } from '../torrent/address.js';
import { PeerAsks } from './asks.js';
import type { ClientEffect, ClientInput, Refusal } from './effects.js';
import { HeldFiles } from './held-files.js';
import { StateKeeper } from './keeper.js';
import type { Identity, StatePaths } from './library.js';
import { listenError } from './listen-error.js';
import { ClientMachine } from './machine.js';
import type { ClientCommand, ClientEvent } from './messages.js';
import { placementFor } from './placement.js';
import { Preparations } from './prepare.js';
import type { Entry } from './record.js';
import { ClientThreads } from './threads.js';
import { Trackers } from './trackers.js';
import { watchVitals } from './vitals.js';

export interface ClientOptions {
  /** Where peers reach this client; port 0 asks for a free one. */
  readonly upload: Address;
  /** The pair that shares of this client are announced to. */
  readonly trackers: readonly [Address, Address];
  readonly stateDir: string;
  readonly logPath: string;
  readonly logLevel: LogLevel;
  readonly seed: number;
  readonly onEvent: (event: ClientEvent) => void;
}

export interface Client {
  /** As it listens: the port is the real one. */
  readonly upload: Address;
  tell(command: ClientCommand): void;
  /** Settles when everything is down: undefined after `quit`, or the error that nothing could recover from. */
  readonly ended: Promise<unknown>;
}

type SlowEffect = Extract<
  ClientEffect,
  {
    readonly kind:
      | 'prepareShare'
      | 'writeShare'
      | 'prepareGet'
      | 'check'
      | 'openPart'
      | 'lookAtCompleted'
      | 'deleteFiles';
  }
>;

export class ClientActor {
  readonly #options: ClientOptions;
  readonly #paths: StatePaths;
  readonly #logFile: LogFile;
  readonly #lock: DirectoryLock;
  readonly #host: Host<ClientInput, ClientEffect>;
  readonly #threads: ClientThreads;
  readonly #prepare: Preparations;
  readonly #asks: PeerAsks;
  readonly #vitals = watchVitals();
  readonly #trackers: Trackers;
  readonly #files: HeldFiles;
  readonly #listening = deferred<number>();
  readonly #ended = deferred<unknown>();
  #upload: Address;
  readonly #keeper: StateKeeper;
  #telling: Promise<void> = Promise.resolve();
  #halting = false;

  constructor(options: ClientOptions, paths: StatePaths, identity: Identity, logFile: LogFile, lock: DirectoryLock) {
    this.#options = options;
    this.#paths = paths;
    this.#logFile = logFile;
    this.#lock = lock;
    this.#upload = options.upload;
    const { log } = logFile;
    const placement = placementFor(availableParallelism());
    this.#prepare = new Preparations(paths, placement.hashThreads, log.of('prepare'));
    this.#host = new Host<ClientInput, ClientEffect>({
      name: 'client',
      machine: new ClientMachine(),
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#fatal(error),
    });
    this.#threads = new ClientThreads({
      placement,
      clientId: identity.clientId,
      uploadHost: options.upload.host,
      logPath: options.logPath,
      logLevel: options.logLevel,
      log: log.of('threads'),
      seed: options.seed,
      onDownloadEvent: (event) => this.#onDownloadEvent(event),
      onServeEvent: (event) => this.#onServeEvent(event),
      onPeerThread: (thread) => this.#onPeerThread(thread),
      onFatal: (error) => this.#fatal(error),
    });
    this.#keeper = new StateKeeper({
      paths,
      log: log.of('keeper'),
      onTrouble: (sentence) => options.onEvent({ kind: 'notice', level: 'bad', sentence }),
      onFatal: (error) => this.#fatal(error),
    });
    this.#files = new HeldFiles(this.#threads);
    this.#trackers = new Trackers({
      identity,
      upload: () => this.#upload,
      digestsOf: (swarm) => this.#files.digestsOf(swarm),
      onEvent: (pair, event) => this.#host.post({ kind: 'announce', trackers: pair, event }),
      onEpochRaised: (raised) => this.#keeper.saveIdentity(raised),
      log: log.of('announce'),
      seed: options.seed,
    });
    this.#asks = new PeerAsks(this.#threads, (event) => this.#tellUser(event));
  }

  async start(entries: readonly Entry[]): Promise<Client> {
    try {
      await this.#threads.start();
      this.#upload = { host: this.#options.upload.host, port: await this.#listening.promise };
    } catch (error) {
      await this.#threads.stop();
      this.#vitals.stop();
      throw error;
    }
    this.#logFile.log.info({ upload: formatAddress(this.#upload), stateDir: this.#paths.directory }, 'client started');
    this.#host.post({ kind: 'loaded', entries });
    return {
      upload: this.#upload,
      tell: (command) => this.#host.post({ kind: 'command', command }),
      ended: this.#ended.promise,
    };
  }

  #perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'tell':
        this.#tellUser(effect.event);
        break;
      case 'announce':
        this.#trackers.tell(effect.trackers, effect.command);
        break;
      case 'peersFound':
        this.#threads.download.tell({
          kind: 'peersFound',
          file: effect.file,
          peers: effect.peers.map(({ host, port }) => [host, port] as const),
        });
        break;
      case 'startDownload':
        this.#files.startDownload(effect.file, effect.entry, this.#paths.resumeOf(effect.entry));
        break;
      case 'releasePart':
        this.#attempt(this.#files.releasePart(effect.file), (refusal) => ({
          kind: 'partFailed',
          file: effect.file,
          refusal,
        }));
        break;
      case 'stopDownload':
        this.#threads.download.tell({ kind: 'stop', file: effect.file });
        break;
      case 'serve':
        this.#files.serve(effect.file, effect.entry, effect.complete);
        break;
      case 'unserve':
        this.#files.unserve(effect.file);
        break;
      case 'saveLibrary':
        this.#keeper.saveLibrary(effect.entries);
        break;
      case 'listPeers':
        this.#asks.listPeers(effect.ask, effect.file);
        break;
      case 'listStats':
        this.#tellUser({
          kind: 'statsListed',
          ask: effect.ask,
          json: JSON.stringify({ schema: 1, ...this.#vitals.look(), lostLogLines: this.#logFile.lostLines() }),
        });
        break;
      case 'halt':
        void this.#halt(effect.ask);
        break;
      default:
        this.#performSlowly(effect);
    }
  }

  /** The steps that wait for the disk; each ends in an input. */
  #performSlowly(effect: SlowEffect): void {
    switch (effect.kind) {
      case 'prepareShare':
        this.#prepareShare(effect);
        break;
      case 'writeShare':
        this.#writeShare(effect);
        break;
      case 'prepareGet':
        this.#prepareGet(effect);
        break;
      case 'check':
        this.#check(effect);
        break;
      case 'openPart':
        this.#openPart(effect);
        break;
      case 'lookAtCompleted':
        this.#lookAtCompleted(effect);
        break;
      case 'deleteFiles':
        this.#deleteFiles(effect);
        break;
      default:
        unreachable(effect);
    }
  }

  // --- slow steps ---

  /** A preparation's failure is an answer; anything that is no MiniTorrentError is our bug. */
  #attempt(work: Promise<void>, refused: (refusal: Refusal) => ClientInput): void {
    work.catch((error: unknown) => {
      if (error instanceof MiniTorrentError) this.#host.post(refused({ code: error.code, sentence: error.message }));
      else this.#fatal(error);
    });
  }

  #prepareShare({ ask, path, mtorrentPath }: Extract<ClientEffect, { kind: 'prepareShare' }>): void {
    const work = async (): Promise<void> => {
      const { entry, metainfo } = await this.#prepare.hashShare(path, mtorrentPath, this.#options.trackers);
      this.#files.learn(metainfo);
      this.#host.post({ kind: 'shareHashed', ask, entry });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #writeShare({ ask, entry }: Extract<ClientEffect, { kind: 'writeShare' }>): void {
    const work = async (): Promise<void> => {
      await this.#prepare.writeShare(entry, this.#files.metainfo(entry.swarm));
      this.#host.post({ kind: 'sharePrepared', ask, entry });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #prepareGet({ ask, mtorrentPath, destination }: Extract<ClientEffect, { kind: 'prepareGet' }>): void {
    const work = async (): Promise<void> => {
      const { entry, metainfo, freeBytes, device } = await this.#prepare.get(mtorrentPath, destination);
      this.#files.learn(metainfo);
      this.#host.post({ kind: 'getPrepared', ask, entry, freeBytes, device });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'prepareFailed', ask, refusal }));
  }

  #check({ file, entry }: Extract<ClientEffect, { kind: 'check' }>): void {
    const work = async (): Promise<void> => {
      const { result, metainfo } = await this.#prepare.check(entry);
      if (metainfo !== undefined) this.#files.learn(metainfo);
      this.#host.post({ kind: 'checked', file, result });
    };
    this.#attempt(work(), ({ sentence }) => ({ kind: 'checked', file, result: { kind: 'unusable', sentence } }));
  }

  #openPart({ file, entry }: Extract<ClientEffect, { kind: 'openPart' }>): void {
    const work = async (): Promise<void> => {
      const part = await this.#prepare.openPart(entry, this.#files.metainfo(entry.swarm));
      this.#files.partOpened(file, part);
      this.#host.post({ kind: 'partOpened', file, have: part.have.count });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'partFailed', file, refusal }));
  }

  #deleteFiles({ ask, file, entry, unfinished }: Extract<ClientEffect, { kind: 'deleteFiles' }>): void {
    const work = async (): Promise<void> => {
      this.#files.forget(file, entry.swarm);
      await this.#prepare.deleteFiles(entry, unfinished);
      this.#host.post({ kind: 'removed', ask, refusal: undefined });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'removed', ask, refusal }));
  }

  #lookAtCompleted({ file, path }: Extract<ClientEffect, { kind: 'lookAtCompleted' }>): void {
    const work = async (): Promise<void> => {
      // Gone again already? Then the next serve fails and says so.
      const mtimeMs = await stat(path).then(
        (found) => found.mtimeMs,
        () => 0,
      );
      this.#host.post({ kind: 'completedSeen', file, mtimeMs });
    };
    this.#attempt(work(), (refusal) => ({ kind: 'partFailed', file, refusal }));
  }

  // --- threads ---

  #onPeerThread(thread: number): void {
    if (thread !== 0) return;
    // The first time with the port that was asked for; after a restart with the one that peers know.
    this.#threads.acceptor.tell({ kind: 'listen', host: this.#upload.host, port: this.#upload.port });
    this.#files.serveAllAgain();
  }

  #onServeEvent(event: ServeEvent): void {
    switch (event.kind) {
      case 'listening':
        this.#listening.resolve(event.port);
        break;
      case 'listenFailed':
        this.#listening.reject(listenError(this.#upload, event.errno));
        break;
      case 'described':
        this.#asks.uploadsDescribed(event);
        break;
      default:
        this.#host.post({ kind: 'serve', event });
    }
  }

  #onDownloadEvent(event: DownloadEvent): void {
    if (event.kind === 'described') this.#asks.downloadsDescribed(event);
    else this.#host.post({ kind: 'download', event });
  }

  // --- end ---

  async #halt(ask: number): Promise<void> {
    if (this.#halting) return;
    this.#halting = true;
    const forced = await this.#takeDown();
    this.#logFile.log.info({ forced }, 'client stopped');
    this.#tellUser({
      kind: 'accepted',
      ask,
      detail: forced.length === 0 ? 'BYE' : `BYE (ended by force: ${forced.join(', ')})`,
    });
    await this.#telling;
    this.#logFile.close();
    this.#ended.resolve(undefined);
  }

  /** Something of ours is broken: the state is on disk already, so end cleanly and say why, never half alive. */
  #fatal(error: unknown): void {
    if (this.#halting) return;
    this.#halting = true;
    this.#logFile.log.error({ err: error }, 'the client cannot go on');
    this.#listening.reject(error);
    void this.#takeDown().finally(() => {
      this.#logFile.close();
      this.#ended.resolve(error);
    });
  }

  async #takeDown(): Promise<readonly string[]> {
    this.#host.stop();
    this.#asks.closeAll();
    this.#trackers.stop();
    const forced = await this.#threads.stop();
    await this.#prepare.close();
    await this.#files.releaseAll();
    await this.#keeper.saved;
    this.#vitals.stop();
    await this.#lock.release();
    return forced;
  }

  /** In order, and after what was decided before is on the disk: what a user was told survives a crash. */
  #tellUser(event: ClientEvent): void {
    if (event.kind === 'notice' || event.kind === 'completed' || event.kind === 'failed')
      this.#logFile.log.info({ event }, event.kind);
    const { saved } = this.#keeper;
    this.#telling = this.#telling.then(async () => {
      await saved;
      this.#options.onEvent(event);
    });
    this.#telling.catch((error: unknown) => this.#fatal(error));
  }
}

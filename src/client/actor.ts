// Performs what the client's machine decides, with the threads, the trackers and the disk. Decides nothing. Its users
// (console, demo, benchmarks) send it commands and receive its events.

import { Host } from '../foundation/actor/host.js';
import { deferred } from '../foundation/base/deferred.js';
import type { LogFile } from '../foundation/base/log.js';
import { lookAtMachine } from '../foundation/base/this-machine.js';
import { type Address, formatAddress } from '../foundation/torrent/address.js';
import type { DownloadEvent } from '../transfer/download/messages.js';
import type { ServeEvent } from '../transfer/peer/messages.js';
import type { DirectoryLock } from '../transfer/storage/lock/lock.js';
import { clientStats } from './answers/client-stats.js';
import { Examination } from './answers/examination.js';
import { peersTold } from './answers/peer-rows.js';
import { watchVitals } from './answers/vitals.js';
import { DiskJobs } from './disk-jobs/disk-jobs.js';
import { OpenFiles } from './disk-jobs/open-files.js';
import type { ThreadsFact } from './doctor/facts.js';
import type { ClientEffect, ClientInput } from './effects.js';
import type { Entry } from './files/record.js';
import { ClientMachine } from './machine.js';
import type { ClientEvent } from './messages.js';
import type { Client, ClientOptions, ClientState } from './options.js';
import type { Identity, StatePaths } from './state/library.js';
import type { MemberKeeper } from './state/member-keeper.js';
import { StateWriter } from './state/state-writer.js';
import { endAll, farewell } from './taking-down.js';
import { OwnAddress } from './threads/own-address.js';
import { type Placement, placementFor, threadsFact } from './threads/placement.js';
import { Serving } from './threads/serving.js';
import { ThreadQueries } from './threads/thread-queries.js';
import { ClientThreads } from './threads/threads.js';
import { Trackers } from './threads/trackers.js';

export class ClientActor {
  readonly #options: ClientOptions;
  readonly #paths: StatePaths;
  readonly #logFile: LogFile;
  readonly #lock: DirectoryLock;
  readonly #host: Host<ClientInput, ClientEffect>;
  readonly #threads: ClientThreads;
  readonly #serving: Serving;
  readonly #queries: ThreadQueries;
  readonly #vitals = watchVitals();
  readonly #threadsFact: ThreadsFact;
  readonly #trackers: Trackers;
  readonly #files: OpenFiles;
  readonly #jobs: DiskJobs;
  readonly #examination: Examination;
  readonly #ownAddress: OwnAddress;
  readonly #keeper: MemberKeeper | undefined;
  readonly #listening = deferred<void>();
  readonly #ended = deferred<unknown>();
  #upload: Address;
  readonly #writer: StateWriter;
  #telling: Promise<void> = Promise.resolve();
  #isStarted = false;
  #halting = false;
  readonly #entries: readonly Entry[];
  readonly #hangingFiles = new Set<string>();

  constructor(options: ClientOptions, state: ClientState, logFile: LogFile, lock: DirectoryLock) {
    const { paths, identity, entries } = state;
    this.#entries = entries;
    this.#options = options;
    this.#paths = paths;
    this.#logFile = logFile;
    this.#lock = lock;
    this.#upload = options.upload;
    const machine = lookAtMachine();
    const placement = placementFor(machine, options.peerThreads);
    this.#threadsFact = threadsFact(machine, placement);
    this.#host = new Host<ClientInput, ClientEffect>({
      name: 'client',
      machine: new ClientMachine(options.rates, options.diskReserve, options.downloadsAtOnce),
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#fatal(error),
    });
    this.#threads = this.#newThreads(placement, identity);
    this.#serving = this.#newServing(placement);
    this.#writer = this.#newWriter(state);
    const uploadPort = (): number => options.advertise?.port ?? this.#upload.port;
    this.#files = new OpenFiles(this.#threads, uploadPort, paths.copyOf);
    this.#jobs = new DiskJobs({
      paths,
      files: this.#files,
      hashThreads: placement.hashThreads,
      client: options,
      log: logFile.log.of('disk'),
      post: (input) => this.#host.post(input),
      answer: (event) => this.#tellUser(event),
      recorded: () => this.#writer.recorded,
      onFatal: (error) => this.#fatal(error),
    });
    this.#trackers = this.#newTrackers(identity);
    this.#ownAddress = this.#newOwnAddress();
    this.#keeper = state.keeper;
    const notice = (sentence: string): void => this.#tellUser({ kind: 'notice', level: 'bad', sentence });
    this.#keeper?.attach({ threads: this.#threads, notice, onFatal: (error) => this.#fatal(error) });
    this.#queries = new ThreadQueries(this.#threads);
    this.#examination = new Examination({
      queries: this.#queries,
      upload: () => this.#upload,
      advertise: options.advertise,
      threadsFact: this.#threadsFact,
      trackers: this.#trackers,
      stateDir: paths.directory,
      credentials: options.credentials,
      answer: (event) => this.#tellUser(event),
      onFatal: (error) => this.#fatal(error),
    });
  }

  #newWriter({ paths, entries, journal }: ClientState): StateWriter {
    return new StateWriter({
      identityPath: paths.identity,
      journal,
      entries,
      log: this.#logFile.log.of('keeper'),
      onNotice: (level, sentence) => this.#options.onEvent({ kind: 'notice', level, sentence }),
      onFatal: (error) => this.#fatal(error),
    });
  }

  #newTrackers(identity: Identity): Trackers {
    const options = this.#options;
    return new Trackers({
      identity,
      upload: () => this.#upload,
      advertise: options.advertise,
      digestsOf: (swarm) => this.#files.digestsOf(swarm),
      onEvent: (pair, event) => {
        if (event.kind === 'trackerDown') this.#ownAddress.start();
        this.#host.post({ kind: 'announce', trackers: pair, event });
      },
      onIdentity: (now) => this.#identify(now),
      onMembership: (event) => this.#keeper?.hear(event),
      log: this.#logFile.log.of('announce'),
      seed: options.seed,
      own: options.trackers,
      starting: options.trackersListen,
      credentials: options.credentials,
    });
  }

  #newOwnAddress(): OwnAddress {
    return new OwnAddress({
      upload: () => this.#upload,
      find: this.#options.findHost,
      move: async (host) => {
        this.#upload = await this.#serving.move(host);
        this.#threads.dialFrom(host);
        return this.#upload;
      },
      trackers: this.#trackers,
      tell: (level, sentence) => this.#tellUser({ kind: 'notice', level, sentence }),
      onFatal: (error) => this.#fatal(error),
    });
  }

  #newThreads(placement: Placement, { clientId }: Identity): ClientThreads {
    return new ClientThreads({
      placement,
      clientId,
      uploadHost: this.#options.upload.host,
      logTarget: this.#options.log,
      log: this.#logFile.log.of('threads'),
      seed: this.#options.seed,
      credentials: this.#options.credentials,
      onDownloadEvent: (event) => this.#onDownloadEvent(event),
      onServeEvent: (event, thread) => this.#onServeEvent(event, thread),
      onPeerThread: (thread) => this.#onPeerThread(thread),
      onPeerThreadEnded: (thread) => this.#serving.down(thread),
      onFatal: (error) => this.#fatal(error),
    });
  }

  #newServing(placement: Placement): Serving {
    return new Serving({
      threads: this.#threads,
      acceptors: placement.acceptors,
      upload: this.#options.upload,
      onListening: (port) => {
        this.#upload = { host: this.#upload.host, port };
        this.#listening.resolve();
      },
      onFailed: (error) => this.#cannotServe(error),
    });
  }

  /** A running client that stops listening could not be reached by anyone. */
  #cannotServe(error: unknown): void {
    if (this.#isStarted) this.#fatal(error);
    else this.#listening.reject(error);
  }

  /** @param notices what users are to be told of how it was found. */
  async start(notices: readonly string[] = []): Promise<Client> {
    // Listening may fail while threads still start; the promise is awaited only after that.
    this.#listening.promise.catch(() => undefined);
    try {
      await this.#threads.start();
      await this.#listening.promise;
      await this.#jobs.prepare();
      this.#isStarted = true;
      void this.#lock.lost.then((error) => this.#fatal(error));
    } catch (error) {
      this.#serving.stop();
      await Promise.all([this.#threads.stop(), this.#keeper?.close()]);
      this.#vitals.stop();
      throw error;
    }
    this.#logFile.log.info({ upload: formatAddress(this.#upload), stateDir: this.#paths.directory }, 'client started');
    for (const sentence of notices) this.#tellUser({ kind: 'notice', level: 'bad', sentence });
    this.#ownAddress.start();
    this.#host.post({ kind: 'loaded', entries: this.#entries });
    return {
      upload: this.#upload,
      tell: (command) => this.#host.post({ kind: 'command', command }),
      logMoved: () => this.#logFile.log.info({}, 'the log goes on here'),
      ended: this.#ended.promise,
    };
  }

  #perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'tell':
        this.#tellUser(effect.event);
        break;
      case 'tellRecorded':
        this.#tellRecorded(effect);
        break;
      case 'announce':
        this.#trackers.tell(effect.trackers, effect.command);
        break;
      case 'trackersUnused':
        this.#trackers.retire(effect.trackers);
        break;
      case 'peersFound':
      case 'read':
        this.#threads.download.tell(effect);
        break;
      case 'startDownload':
        this.#files.startDownload(effect.file, effect.entry, this.#paths.resumeOf(effect.entry));
        break;
      case 'stopDownload':
        this.#threads.download.tell({ kind: 'stop', file: effect.file });
        break;
      case 'serve':
        this.#files.serve(effect.file, effect.entry, effect.complete);
        break;
      case 'unserve':
      case 'unlearn':
        this.#files.drop(effect);
        break;
      case 'saveLibrary':
        this.#writer.saveLibrary(effect.changes);
        break;
      case 'listPeers':
      case 'mapSwarm':
        void peersTold(this.#queries, effect, () => this.#trackers.outside).then((event) => this.#tellUser(event));
        break;
      case 'listStats':
        void this.#listStats(effect.ask);
        break;
      case 'listTrackers':
        this.#tellUser(this.#trackers.listed(effect.ask));
        break;
      case 'logLevel':
        this.#logFile.setLevel(effect.level);
        this.#threads.setLogLevel(effect.level);
        break;
      case 'diagnose':
        this.#examination.diagnose(effect.ask, effect);
        break;
      case 'limit':
        this.#threads.limit(effect.direction, effect.rate);
        break;
      case 'halt':
        void this.#halt(effect.ask);
        break;
      default:
        this.#jobs.perform(effect);
    }
  }

  async #listStats(ask: number): Promise<void> {
    const stats = await clientStats({
      vitals: this.#vitals,
      threads: this.#threads,
      queries: this.#queries,
      placement: this.#threadsFact,
      lostLogLines: () => this.#logFile.lostLines(),
    });
    this.#tellUser({ kind: 'statsListed', ask, stats });
  }

  #identify(identity: Identity): void {
    this.#writer.saveIdentity(identity);
    this.#threads.identify(identity.clientId);
  }

  // --- threads ---

  #onPeerThread(thread: number): void {
    if (!this.#threads.accepts(thread)) return;
    this.#serving.up(thread);
    this.#files.serveAllAgain(thread);
  }

  #onServeEvent(event: ServeEvent, thread: number): void {
    if ('ask' in event) this.#queries.take(event);
    else if (event.kind === 'readHangs') this.#hangingFiles.add(event.path);
    else if (event.kind === 'listening') this.#serving.listens(thread, event.port);
    else if (event.kind === 'listenFailed') this.#serving.cannotListen(thread, event.errno);
    else {
      if (event.kind === 'uploaded') this.#jobs.payloadMoved();
      this.#host.post({ kind: 'serve', event });
    }
  }

  #onDownloadEvent(event: DownloadEvent): void {
    if ('ask' in event) this.#queries.take(event);
    else if (event.kind === 'poolReady') this.#options.onWarm?.();
    else {
      this.#jobs.downloadTold(event);
      const outside = event.kind === 'peerSilent' ? this.#trackers.outside : undefined;
      this.#host.post({ kind: 'download', event, outside });
    }
  }

  // --- end ---

  async #halt(ask: number): Promise<void> {
    if (this.#halting) return;
    this.#halting = true;
    const detail = await this.#takeDown();
    this.#logFile.log.info({ detail }, 'client stopped');
    this.#tellUser({ kind: 'accepted', ask, detail });
    await this.#telling;
    this.#logFile.close();
    this.#ended.resolve(undefined);
  }

  /** Something of ours is broken. The state is on disk, so the client ends cleanly and says why. */
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

  async #takeDown(): Promise<string> {
    this.#host.stop();
    this.#queries.closeAll();
    this.#examination.stop();
    this.#ownAddress.stop();
    this.#trackers.stop();
    this.#serving.stop();
    const forced = await this.#threads.stop();
    const disks = await endAll([
      ['open files', () => this.#files.releaseAll()],
      ['disk jobs', () => this.#jobs.close()],
    ]);
    const state = await endAll([
      ['state', () => Promise.all([this.#writer.close(), this.#keeper?.close()]).then(() => this.#lock.release())],
    ]);
    this.#vitals.stop();
    return farewell([...forced, ...disks, ...state], [...this.#hangingFiles, ...this.#jobs.hanging]);
  }

  #tellRecorded({ ask, detail, unsaved }: Extract<ClientEffect, { kind: 'tellRecorded' }>): void {
    const { recorded } = this.#writer;
    this.#deliver(async () => {
      const failure = await recorded;
      if (failure === undefined) return { kind: 'accepted', ask, detail };
      return { kind: 'refused', ask, code: failure.code, sentence: `${unsaved}: ${failure.message}` };
    });
  }

  /** Delivers events in order, each after the state before it is on disk: what a user was told survives a crash. */
  #tellUser(event: ClientEvent): void {
    if (event.kind === 'notice' || event.kind === 'completed' || event.kind === 'failed')
      this.#logFile.log.info({ event }, event.kind);
    const { saved } = this.#writer;
    this.#deliver(async () => {
      await saved;
      return event;
    });
  }

  #deliver(next: () => Promise<ClientEvent>): void {
    this.#telling = this.#telling.then(async () => this.#options.onEvent(await next()));
    this.#telling.catch((error: unknown) => this.#fatal(error));
  }
}

// Starts, supervises and stops the client's threads and the links between them. A peer thread that dies is restarted
// and attached to the download thread again. The download thread is never restarted: it owns the slots, so the client
// ends instead.

import { type Attachment, type Link, openLink } from '../../foundation/actor/link.js';
import type { LoopDelay } from '../../foundation/actor/loop-delay.js';
import { type ChildSpec, Supervisor } from '../../foundation/actor/supervisor.js';
import { MessageChannel, startThread, type Thread } from '../../foundation/actor/thread.js';
import { refuseWithoutRoom } from '../../foundation/actor/thread-shortage.js';
import { present } from '../../foundation/base/assert.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { PIECE_SIZE, RESTART_PERIOD_MS, RESTARTS_MAX, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log, LogLevel, LogTarget } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { shutOutPages } from '../../foundation/identity/standing-pages.js';
import { type ClientId, keyBytes } from '../../foundation/torrent/ids.js';
import {
  type DownloadCommand,
  type DownloadEvent,
  downloadCommands,
  downloadEvents,
  downloadSettings,
} from '../../transfer/download/messages.js';
import {
  peerSettings,
  type ServeCommand,
  type ServeEvent,
  serveCommands,
  serveEvents,
} from '../../transfer/peer/messages.js';
import { DOWNLOAD_YOUNG_HEAP_MIB, PEER_YOUNG_HEAP_MIB } from '../limits.js';
import { DECIDER, type Placement } from './placement.js';

export interface ThreadsOptions {
  readonly placement: Placement;
  readonly clientId: ClientId;
  readonly uploadHost: string;
  /** Where the threads write their log. */
  readonly logTarget: LogTarget;
  readonly log: Log;
  readonly seed: number;
  /** Of a closed swarm; undefined: the swarm is open. */
  readonly credentials: Credentials | undefined;
  readonly onDownloadEvent: (event: DownloadEvent) => void;
  readonly onServeEvent: (event: ServeEvent, thread: number) => void;
  /** A peer thread has started or restarted, and knows no file yet. */
  readonly onPeerThread: (thread: number) => void;
  readonly onPeerThreadEnded: (thread: number) => void;
  /** A failure that no restart can repair. */
  readonly onFatal: (error: unknown) => void;
}

export class ClientThreads {
  readonly #options: ThreadsOptions;
  readonly #supervisor: Supervisor;
  readonly #slab: SharedArrayBuffer;
  readonly #peers: (Link<ServeCommand> | undefined)[];
  readonly #running = new Map<string, Thread>();
  #download: Link<DownloadCommand> | undefined;
  /** For restarted threads. */
  #uploadRate = 0;
  #logTarget: LogTarget;
  #clientId: ClientId;
  #uploadHost: string;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#logTarget = options.logTarget;
    this.#clientId = options.clientId;
    this.#uploadHost = options.uploadHost;
    this.#peers = new Array<undefined>(options.placement.peerThreads).fill(undefined);
    this.#slab = new SharedArrayBuffer(options.placement.slots * PIECE_SIZE);
    this.#supervisor = new Supervisor({
      log: options.log,
      onEscalate: (child, error) => options.onFatal(error ?? new Error(`${child} ended too often`)),
    });
  }

  get download(): Link<DownloadCommand> {
    return present(this.#download, 'the download thread is started before it is spoken to');
  }

  /** The thread accepts connections and serves them: a socket cannot move between threads. */
  accepts(thread: number): boolean {
    return thread < this.#options.placement.acceptors;
  }

  tellPeer(thread: number, command: ServeCommand, attachments: readonly Attachment[] = []): void {
    present(this.#peers[thread], 'peer threads are started before they are spoken to').tell(command, attachments);
  }

  /** To every accepting thread. @returns how many there are. */
  tellAcceptors(command: ServeCommand, attachments: readonly Attachment[] = []): number {
    const { acceptors } = this.#options.placement;
    for (let thread = 0; thread < acceptors; thread += 1) this.tellPeer(thread, command, attachments);
    return acceptors;
  }

  /**
   * One peer thread schedules all uploads and the download thread makes all requests, so each limit is enforced in one
   * place.
   */
  limit(direction: 'up' | 'down', rate: number): void {
    if (direction === 'down') this.download.tell({ kind: 'limit', rate });
    else {
      this.#uploadRate = rate;
      this.tellPeer(DECIDER, { kind: 'limit', rate });
    }
  }

  /** From now on every thread uses the peer ids of this client id. */
  identify(clientId: ClientId): void {
    if (clientId === this.#clientId) return;
    this.#clientId = clientId;
    for (const at of this.#peers.keys()) this.#peers[at]?.tell({ kind: 'identify', clientId: keyBytes(clientId) });
  }

  /** Connections to peers are made from this host from now on. */
  dialFrom(host: string): void {
    this.#uploadHost = host;
    for (const link of this.#peers) link?.tell({ kind: 'dialFrom', host });
  }

  /** News of a closed swarm, to every peer thread. One that starts later is told all that the credentials know. */
  tellMembers(news: Extract<ServeCommand, { kind: 'card' | 'shutOut' | 'trackerTime' }>): void {
    for (const link of this.#peers) link?.tell(news);
  }

  setLogLevel(level: LogLevel): void {
    this.#logTarget = { ...this.#logTarget, level };
    for (const thread of this.#running.values()) thread.setLogLevel(level);
  }

  /** Rejects with LIMIT_REACHED where a limit of this process has no room for its threads. */
  async start(): Promise<void> {
    const { peerThreads, hashThreads } = this.#options.placement;
    refuseWithoutRoom(1 + peerThreads + hashThreads);
    const download: ChildSpec = {
      id: 'download',
      restart: 'permanent',
      restartsMax: 0,
      periodMs: RESTART_PERIOD_MS,
      start: () => this.#startDownload(),
    };
    const peers = Array.from(
      { length: this.#options.placement.peerThreads },
      (_, at): ChildSpec => ({
        id: `peer-${at}`,
        restart: 'permanent',
        restartsMax: RESTARTS_MAX,
        periodMs: RESTART_PERIOD_MS,
        stopDeadlineMs: STOP_DEADLINE_MS,
        group: 'peers',
        start: () => this.#startPeer(at),
      }),
    );
    // In parallel: commands to a thread that is not ready wait in its port, and the prompt appears sooner.
    await this.#supervisor.startTogether([download, ...peers]);
  }

  /** By thread name. Threads that do not answer are left out. */
  async loopDelays(): Promise<Readonly<Record<string, LoopDelay>>> {
    const looks = [...this.#running.values()].map(async (thread) => [thread.name, await thread.loopDelay()] as const);
    const answered = (await Promise.all(looks)).flatMap(([name, delay]) =>
      delay === undefined ? [] : [[name, delay]],
    );
    return Object.fromEntries(answered);
  }

  /** In reverse order of start. @returns the names of those that had to be killed. */
  async stop(): Promise<readonly string[]> {
    const forced = await this.#supervisor.stop();
    this.#download?.close();
    // A thread that failed to start has no link.
    for (const link of this.#peers) link?.close();
    return forced;
  }

  async #startDownload() {
    const { placement, seed, onDownloadEvent, onFatal } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const thread = startThread({
      name: 'download',
      entry: bundleUrl('download'),
      log: this.#logTarget,
      settings: downloadSettings.encode({
        kind: 'settings',
        slots: placement.slots,
        hashThreads: placement.hashThreads,
        peerThreads: placement.peerThreads,
        seed,
      }),
      shared: [this.#slab],
      ports: [port2],
      youngHeapMib: DOWNLOAD_YOUNG_HEAP_MIB,
    });
    this.#download = openLink({
      port: port1,
      sends: downloadCommands,
      receives: downloadEvents,
      handle: onDownloadEvent,
      onCrash: onFatal,
    });
    await thread.ready;
    this.#running.set(thread.name, thread);
    return thread;
  }

  async #startPeer(at: number) {
    const { seed, credentials, onServeEvent, onPeerThread, onPeerThreadEnded, onFatal } = this.#options;
    const toMain = new MessageChannel();
    const toDownload = new MessageChannel();
    const thread = startThread({
      name: `peer-${at}`,
      entry: bundleUrl('peer'),
      log: this.#logTarget,
      settings: peerSettings.encode({
        kind: 'settings',
        clientId: keyBytes(this.#clientId),
        uploadHost: this.#uploadHost,
        seed: (seed + at + 1) >>> 0,
        thread: at,
        servingThreads: this.#options.placement.acceptors,
        ...(credentials === undefined ? {} : { identity: credentials.message() }),
      }),
      shared: [this.#slab],
      ports: [toMain.port2, toDownload.port2],
      youngHeapMib: PEER_YOUNG_HEAP_MIB,
    });
    this.#peers[at]?.close();
    this.#peers[at] = openLink({
      port: toMain.port1,
      sends: serveCommands,
      receives: serveEvents,
      handle: (event) => onServeEvent(event, at),
      onCrash: onFatal,
    });
    if (credentials !== undefined)
      for (const page of shutOutPages(credentials.standing)) this.tellPeer(at, { kind: 'shutOut', ...page });
    const serves = this.accepts(at);
    // Before it is ready: messages wait in its ports, and a thread that dies at once has not closed them yet.
    this.download.tell({ kind: 'attachPeerThread', thread: at, serves }, [toDownload.port1]);
    await thread.ready;
    this.#running.set(thread.name, thread);
    void thread.ended.then(() => onPeerThreadEnded(at));
    onPeerThread(at);
    if (at === DECIDER) this.tellPeer(at, { kind: 'limit', rate: this.#uploadRate });
    return thread;
  }
}

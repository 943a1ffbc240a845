// Starts and stops the client's threads and their links, under supervision: all together, and each peer thread is attached to
// the download thread once it works (again, after a restart). A peer thread may die and be restarted; the download thread
// may not: its slots would have no owner, so the process ends with its state on disk.

import { type Attachment, type Link, openLink } from '../../foundation/actor/link.js';
import type { LoopDelay } from '../../foundation/actor/loop-delay.js';
import { type ChildSpec, Supervisor } from '../../foundation/actor/supervisor.js';
import { MessageChannel, startThread, type Thread } from '../../foundation/actor/thread.js';
import { present } from '../../foundation/base/assert.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { PIECE_SIZE, RESTART_PERIOD_MS, RESTARTS_MAX, STOP_DEADLINE_MS } from '../../foundation/base/limits.js';
import type { Log, LogLevel, LogTarget } from '../../foundation/base/log.js';
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
  /** Where the threads log. */
  readonly logTarget: LogTarget;
  readonly log: Log;
  readonly seed: number;
  readonly onDownloadEvent: (event: DownloadEvent) => void;
  readonly onServeEvent: (event: ServeEvent, thread: number) => void;
  /** A peer thread works (again) and knows of no file yet. */
  readonly onPeerThread: (thread: number) => void;
  readonly onPeerThreadEnded: (thread: number) => void;
  /** Something of ours is broken beyond restarting. */
  readonly onFatal: (error: unknown) => void;
}

export class ClientThreads {
  readonly #options: ThreadsOptions;
  readonly #supervisor: Supervisor;
  readonly #slab: SharedArrayBuffer;
  readonly #peers: (Link<ServeCommand> | undefined)[];
  readonly #running = new Map<string, Thread>();
  #download: Link<DownloadCommand> | undefined;
  /** For threads that are started again. */
  #uploadRate = 0;
  #logTarget: LogTarget;
  #clientId: ClientId;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    this.#logTarget = options.logTarget;
    this.#clientId = options.clientId;
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

  /** A thread that accepts has sockets that are served; a socket cannot change threads. */
  accepts(thread: number): boolean {
    return thread < this.#options.placement.acceptors;
  }

  tellPeer(thread: number, command: ServeCommand, attachments: readonly Attachment[] = []): void {
    present(this.#peers[thread], 'peer threads are started before they are spoken to').tell(command, attachments);
  }

  /** Every thread that accepts. Answers how many. */
  tellAcceptors(command: ServeCommand, attachments: readonly Attachment[] = []): number {
    const { acceptors } = this.#options.placement;
    for (let thread = 0; thread < acceptors; thread += 1) this.tellPeer(thread, command, attachments);
    return acceptors;
  }

  /** Every upload is decided by one peer thread and every request made by the download thread, so each limit is kept in one place. */
  limit(direction: 'up' | 'down', rate: number): void {
    if (direction === 'down') this.download.tell({ kind: 'limit', rate });
    else {
      this.#uploadRate = rate;
      this.tellPeer(DECIDER, { kind: 'limit', rate });
    }
  }

  /** Peers see this client under its ids from now on, on every thread. */
  identify(clientId: ClientId): void {
    if (clientId === this.#clientId) return;
    this.#clientId = clientId;
    for (const at of this.#peers.keys()) this.#peers[at]?.tell({ kind: 'identify', clientId: keyBytes(clientId) });
  }

  setLogLevel(level: LogLevel): void {
    this.#logTarget = { ...this.#logTarget, level };
    for (const thread of this.#running.values()) thread.setLogLevel(level);
  }

  async start(): Promise<void> {
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
    // Together: what the first one is told before it listens waits in its port, and a prompt comes a tenth of a second sooner.
    await this.#supervisor.startTogether([download, ...peers]);
  }

  /** By the thread's name; without those that do not answer. */
  async loopDelays(): Promise<Readonly<Record<string, LoopDelay>>> {
    const looks = [...this.#running.values()].map(async (thread) => [thread.name, await thread.loopDelay()] as const);
    const answered = (await Promise.all(looks)).flatMap(([name, delay]) =>
      delay === undefined ? [] : [[name, delay]],
    );
    return Object.fromEntries(answered);
  }

  /** Reverse order of start; the ids of those that had to be ended by force. */
  async stop(): Promise<readonly string[]> {
    const forced = await this.#supervisor.stop();
    this.#download?.close();
    // One that could not be started has none.
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
    const { uploadHost, seed, onServeEvent, onPeerThread, onPeerThreadEnded, onFatal } = this.#options;
    const toMain = new MessageChannel();
    const toDownload = new MessageChannel();
    const thread = startThread({
      name: `peer-${at}`,
      entry: bundleUrl('peer'),
      log: this.#logTarget,
      settings: peerSettings.encode({
        kind: 'settings',
        clientId: keyBytes(this.#clientId),
        uploadHost,
        seed: (seed + at + 1) >>> 0,
        thread: at,
        servingThreads: this.#options.placement.acceptors,
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
    const serves = this.accepts(at);
    // Before it works: what it is told waits in its ports, and one that dies soon has not closed them yet.
    this.download.tell({ kind: 'attachPeerThread', thread: at, serves }, [toDownload.port1]);
    await thread.ready;
    this.#running.set(thread.name, thread);
    void thread.ended.then(() => onPeerThreadEnded(at));
    onPeerThread(at);
    if (at === DECIDER) this.tellPeer(at, { kind: 'limit', rate: this.#uploadRate });
    return thread;
  }
}

// The download thread: owns the slab's slots and the hash pool, runs one downloader a file, and routes by file and
// connection number. Decides only on which peer thread a connection lives.

import { type Attachment, type Link, openLink } from '../../foundation/actor/link.js';
import type { MessagePort, ThreadSelf } from '../../foundation/actor/thread.js';
import { assert, present, unreachable } from '../../foundation/base/assert.js';
import type { Log } from '../../foundation/base/log.js';
import { Prng } from '../../foundation/base/prng.js';
import { systemTimers } from '../../foundation/base/timers.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { wantedPieces } from '../../foundation/torrent/folder/wanted-pieces.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { swarmKey } from '../../foundation/torrent/ids.js';
import type { HashPool } from '../hash/pool.js';
import { type FetchCommand, type FetchEvent, fetchCommands, fetchEvents } from '../peer/messages.js';
import { folderLists } from '../storage/folder-lists.js';
import { adoptStorage } from '../storage/open-storage.js';
import { ReusePlan } from '../storage/reuse/plan.js';
import { Downloader } from './downloader.js';
import { KeptPool } from './kept-pool.js';
import {
  type Chart,
  type DownloadCommand,
  type DownloadEvent,
  downloadCommands,
  downloadEvents,
  downloadSettings,
} from './messages.js';
import { OwnPieces } from './requests/own-pieces.js';
import { Pacer } from './requests/pacer.js';
import { SlotPool } from './requests/slots.js';

const NO_CHART: Chart = { own: new Uint8Array(0), peers: [], asked: [], storing: [] };

export function runDownloadThread(self: ThreadSelf): void {
  const settings = downloadSettings.decode(self.settings);
  const logFile = self.openLog();
  const thread = new DownloadThread(self, settings, logFile.log);
  self.onStop(async () => {
    await thread.stop();
    logFile.close();
  });
  self.ready();
}

interface PeerThread {
  readonly link: Link<FetchCommand>;
  /** It has connections that we serve. */
  readonly serves: boolean;
}

class DownloadThread {
  readonly #self: ThreadSelf;
  readonly #log: Log;
  readonly #prng: Prng;
  readonly #slots: SlotPool;
  readonly #slab: SharedArrayBuffer;
  readonly #pacer = new Pacer();
  readonly #hashThreads: number;
  readonly #pool: KeptPool;
  readonly #toMain: Link<DownloadEvent>;
  readonly #peerThreads: (PeerThread | undefined)[];
  readonly #downloads = new Map<number, Downloader>();
  readonly #fileOf = new Map<number, number>();
  #nextConnection = 1;
  #isStopping = false;
  #onIdle: () => void = () => undefined;

  constructor(self: ThreadSelf, settings: ReturnType<typeof downloadSettings.decode>, log: Log) {
    this.#self = self;
    this.#log = log;
    this.#prng = new Prng(settings.seed);
    this.#slots = new SlotPool(settings.slots);
    this.#slab = present(self.shared[0], 'the download thread is born with the slab');
    this.#hashThreads = settings.hashThreads;
    this.#pool = new KeptPool(
      () => this.#openPool(),
      systemTimers,
      (error) => log.error({ err: error }, 'the hash threads could not be started or ended'),
    );
    this.#peerThreads = new Array<undefined>(settings.peerThreads).fill(undefined);
    this.#toMain = openLink({
      port: present(self.ports[0], 'the download thread is born with a port to main'),
      sends: downloadEvents,
      receives: downloadCommands,
      handle: (command, attachments) => this.#onCommand(command, attachments),
      onCrash: (error) => self.crash(error),
    });
  }

  /** Every downloader stops with its progress saved, then the hash pool ends. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const downloader of this.#downloads.values()) downloader.post({ kind: 'stop' });
    if (this.#downloads.size > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    await this.#pool.close();
  }

  #onCommand(command: DownloadCommand, attachments: readonly Attachment[]): void {
    switch (command.kind) {
      case 'attachPeerThread':
        this.#attach(command, attachments[0]);
        break;
      case 'start':
        this.#start(command, attachments);
        break;
      case 'peersFound':
        this.#downloads.get(command.file)?.post({
          kind: 'peersFound',
          peers: command.peers,
          incoming: command.incoming,
        });
        break;
      case 'reuse': {
        const [memory, placed] = attachments;
        assert(memory instanceof SharedArrayBuffer, 'a plan comes with its memory');
        const bits = placed instanceof SharedArrayBuffer ? new Uint8Array(placed) : undefined;
        this.#downloads.get(command.file)?.reuse(new ReusePlan(memory), command.names, bits);
        break;
      }
      case 'stop':
        // A download that has just ended by itself has reported so already.
        this.#downloads.get(command.file)?.post({ kind: 'stop' });
        break;
      case 'describe':
        this.#toMain.tell({
          kind: 'described',
          ask: command.ask,
          peers: this.#downloads.get(command.file)?.describe() ?? [],
        });
        break;
      case 'chart': {
        const chart = this.#downloads.get(command.file)?.chart();
        const { ask } = command;
        this.#toMain.tell({ kind: 'charted', ask, isThere: chart !== undefined, ...(chart ?? NO_CHART) });
        break;
      }
      case 'examine':
        this.#toMain.tell({
          kind: 'examined',
          ask: command.ask,
          downloads: [...this.#downloads].map(([file, downloader]) => ({ file, ...downloader.examine() })),
        });
        break;
      case 'countSlots': {
        const used = [...this.#downloads.keys()].reduce((sum, file) => sum + this.#slots.heldBy(file), 0);
        this.#toMain.tell({ kind: 'slotsCounted', ask: command.ask, slots: this.#slots.capacity, used });
        break;
      }
      case 'read':
        this.#downloads.get(command.file)?.post({ kind: 'read', piece: command.piece });
        break;
      case 'limit':
        this.#pacer.setRate(command.rate, systemTimers.nowMs());
        for (const downloader of this.#downloads.values()) downloader.post({ kind: 'limitChanged' });
        break;
      default:
        unreachable(command);
    }
  }

  #start(command: Extract<DownloadCommand, { kind: 'start' }>, attachments: readonly Attachment[]): void {
    const { file, name, resumePath, uploadPort } = command;
    const [digests, bits, list, doneBits] = attachments;
    assert(
      digests instanceof SharedArrayBuffer && bits instanceof SharedArrayBuffer,
      'a download comes with digests and a bitfield',
    );
    assert(!this.#downloads.has(file), 'a file has one downloader');
    const storage = adoptStorage(command.storage, list instanceof SharedArrayBuffer ? list : undefined);
    const geometry = new Geometry(storage.layout.size);
    const bitfieldOf = (memory: SharedArrayBuffer): Bitfield =>
      new Bitfield(geometry.pieceCount, new Uint8Array(memory));
    const chosen = doneBits instanceof SharedArrayBuffer ? wantedPieces(storage.layout) : undefined;
    const choice = chosen && { ...chosen, done: bitfieldOf(doneBits as SharedArrayBuffer) };
    this.#downloads.set(
      file,
      new Downloader({
        file,
        name,
        swarm: swarmKey(command.swarm),
        geometry,
        digests: new Uint8Array(digests),
        slab: this.#slab,
        pieces: new OwnPieces(bitfieldOf(bits), choice),
        storage,
        resumePath,
        uploadPort,
        sha256: command.sha256,
        slots: this.#slots,
        pool: this.#pool.use(),
        prng: this.#prng,
        pacer: this.#pacer,
        log: this.#log.of(`download/${name}`),
        nextConnection: () => this.#newConnection(file),
        tellPeer: (connection, peerCommand) => this.#peerThreads[this.#threadOf(connection)]?.link.tell(peerCommand),
        tellFetchers: (peerCommand) => {
          for (const thread of this.#peerThreads) if (thread?.serves === true) thread.link.tell(peerCommand);
        },
        tellMain: (event) => this.#toMain.tell(event),
        onEnded: () => this.#onEnded(file, storage.handle.list),
      }),
    );
  }

  /** Threads take a tenth of a second to start, in which no piece could be verified, and so none passed on. */
  async #openPool(): Promise<HashPool> {
    const slab = this.#slab;
    const { openHashPool } = await import('../hash/pool.js');
    const pool = openHashPool({ threads: this.#hashThreads, slab, log: this.#log.of('hash') });
    pool.warmUp().then(
      () => this.#toMain.tell({ kind: 'poolReady' }),
      // Every download that needs the pool gets the same error.
      (error: unknown) => {
        if (!this.#isStopping) this.#log.error({ err: error }, 'the hash pool does not work');
      },
    );
    return pool;
  }

  #newConnection(file: number): number {
    const connection = this.#nextConnection;
    this.#nextConnection += 1;
    this.#fileOf.set(connection, file);
    return connection;
  }

  #onEnded(file: number, list: number): void {
    this.#downloads.delete(file);
    folderLists.letGo(list);
    if (this.#downloads.size > 0) return;
    this.#pool.rest();
    this.#onIdle();
  }

  /** The same for the life of the connection, also while its thread restarts. */
  #threadOf(connection: number): number {
    return connection % this.#peerThreads.length;
  }

  #attach(
    { thread, serves }: Extract<DownloadCommand, { kind: 'attachPeerThread' }>,
    port: Attachment | undefined,
  ): void {
    assert(port !== undefined && !(port instanceof SharedArrayBuffer), 'a peer thread comes with its port');
    assert(thread < this.#peerThreads.length, 'a peer thread is one of those that were announced');
    if (this.#peerThreads[thread] !== undefined) {
      // The last unread messages of the dead thread are about connections that are given up now.
      this.#peerThreads[thread].link.close();
      this.#loseConnections(thread);
    }
    const link = openLink({
      port: port as MessagePort,
      sends: fetchCommands,
      receives: fetchEvents,
      handle: (event) => this.#onFetchEvent(event),
      onCrash: (error) => this.#self.crash(error),
    });
    this.#peerThreads[thread] = { link, serves };
  }

  /** A peer thread died with its sockets: nothing writes to their slots any more. */
  #loseConnections(thread: number): void {
    for (const connection of [...this.#fileOf.keys()]) {
      if (this.#threadOf(connection) !== thread) continue;
      this.#onFetchEvent({
        kind: 'disconnected',
        connection,
        reason: 'failed',
        sentence: 'the peer thread was restarted',
      });
    }
  }

  #onFetchEvent(event: FetchEvent): void {
    const file = this.#fileOf.get(event.connection);
    assert(file !== undefined, 'events come from connections that we dialed');
    if (event.kind === 'disconnected') this.#fileOf.delete(event.connection);
    this.#downloads.get(file)?.post(event);
  }
}

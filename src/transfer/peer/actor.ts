// One peer thread: connects the links of the main and the download thread with the sockets. Routes by connection and
// file number and decides nothing. Sockets write to the slab only where a requested block belongs.

import { type Attachment, type Link, openLink } from '../../foundation/actor/link.js';
import type { MessagePort, ThreadSelf } from '../../foundation/actor/thread.js';
import { assert, present, unreachable } from '../../foundation/base/assert.js';
import { NO_LIMIT } from '../../foundation/base/bucket.js';
import { PROGRESS_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import { Prng } from '../../foundation/base/prng.js';
import { openFilesLimit } from '../../foundation/base/this-machine.js';
import { systemTimers } from '../../foundation/base/timers.js';
import { Credentials } from '../../foundation/identity/credentials.js';
import { learnShutOut } from '../../foundation/identity/standing-pages.js';
import { Bitfield } from '../../foundation/torrent/bitfield.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { type ClientId, clientId, type PeerId, peerIdOf, swarmKey } from '../../foundation/torrent/ids.js';
import { type Passage, plainPassage } from '../../foundation/wire/passage.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import { folderLists, holdList } from '../storage/folder-lists.js';
import { sizeOf } from '../storage/messages.js';
import type { ServeFailure } from '../storage/served/file.js';
import { ServedStorages, servedFilesMax } from '../storage/served/served.js';
import { PEER_WIRE } from './codec/messages.js';
import { DialedSocket } from './fetch/socket.js';
import { HANGING_TOLD_MAX } from './limits.js';
import {
  type FetchCommand,
  type FetchEvent,
  fetchCommands,
  fetchEvents,
  peerSettings,
  type ServeCommand,
  type ServeEvent,
  serveCommands,
  serveEvents,
} from './messages.js';
import { Listener } from './serve/listener.js';
import type { ServedFile, ServedMetadata } from './serve/machine.js';
import { remoteDesk, type UploadDecider, UploadDesk } from './upload/desk.js';
import { Uploads } from './upload/reader.js';

export function runPeerThread(self: ThreadSelf): void {
  const settings = peerSettings.decode(self.settings);
  const logFile = self.openLog();
  const thread = new PeerThread(self, settings, logFile.log);
  self.onStop(async () => {
    await thread.stop();
    logFile.close();
  });
  self.ready();
}

class PeerThread {
  readonly #self: ThreadSelf;
  readonly #settings: ReturnType<typeof peerSettings.decode>;
  readonly #slab: SharedArrayBuffer;
  readonly #log: Log;
  readonly #dialed = new Map<number, DialedSocket>();
  readonly #served = new Map<string, ServedFile>();
  readonly #metadata = new Map<number, ServedMetadata>();
  /** Of served folders, by file: the list that is held for it; 0 for none. */
  readonly #lists = new Map<number, number>();
  readonly #uploadedBytes = new Map<number, number>();
  readonly #listener: Listener;
  readonly #storages: ServedStorages;
  /** The upload machine as this thread reaches it: the desk when it runs here. */
  #decider: UploadDecider | undefined;
  #desk: UploadDesk | undefined;
  #uploadRate = NO_LIMIT;
  readonly #toMain: Link<ServeEvent>;
  readonly #toDownload: Link<FetchEvent>;
  /** What this thread shows and knows in a closed swarm. */
  readonly #credentials: Credentials | undefined;
  readonly #passage: Passage;
  #clientId: ClientId;
  /** Where we dial from. */
  #ownHost: string;
  #paused = false;
  #reportDue = false;

  constructor(self: ThreadSelf, settings: ReturnType<typeof peerSettings.decode>, log: Log) {
    this.#self = self;
    this.#settings = settings;
    this.#log = log;
    this.#clientId = clientId(settings.clientId);
    this.#ownHost = settings.uploadHost;
    this.#slab = present(self.shared[0], 'a peer thread starts with the slab');
    const [main, download] = self.ports;
    assert(main !== undefined && download !== undefined, 'a peer thread starts with two ports');
    this.#storages = new ServedStorages({
      openMax: Math.max(1, Math.floor(servedFilesMax(openFilesLimit()) / settings.servingThreads)),
      timers: systemTimers,
      onFailed: (file, failure) => this.#serveFailed(file, failure),
    });
    const { identity } = settings;
    this.#credentials = identity === undefined ? undefined : Credentials.ofMessage(identity);
    this.#passage = this.#credentials === undefined ? plainPassage : closedPassage(this.#credentials, PEER_WIRE);
    this.#listener = new Listener({
      passage: this.#passage,
      thread: settings.thread,
      peerIdIn: (swarm) => this.#peerIdIn(swarm),
      uploads: new Uploads({
        storages: this.#storages,
        onUploaded: (file, bytes) => this.#onUploaded(file, bytes),
        onFileFailed: (file, path, errno) => this.#serveFailed(file, { path, errno }),
      }),
      log: log.of('upload'),
      timers: systemTimers,
      lookUp: (swarm) => this.#served.get(swarmKey(swarm)),
      onJoined: (file, host, port) => this.#toMain.tell({ kind: 'peerJoined', file, host, port }),
      onCrash: (error) => self.crash(error),
    });
    this.#toMain = openLink({
      port: main,
      sends: serveEvents,
      receives: serveCommands,
      handle: (command, attachments) => this.#onServeCommand(command, attachments),
      onCrash: (error) => self.crash(error),
    });
    this.#toDownload = openLink({
      port: download,
      sends: fetchEvents,
      receives: fetchCommands,
      handle: (command) => this.#onFetchCommand(command),
      onCrash: (error) => self.crash(error),
    });
    this.#toDownload.onDrain = () => this.#setPaused(false);
  }

  async stop(): Promise<void> {
    this.#listener.close();
    for (const dialed of this.#dialed.values()) dialed.post({ kind: 'hangUp' });
    this.#report();
    for (const path of this.#storages.pending.slice(0, HANGING_TOLD_MAX))
      this.#toMain.tell({ kind: 'readHangs', path });
    // One turn of the loop lets the farewells reach the kernel, which delivers them without us.
    await new Promise((resolve) => setImmediate(resolve));
    this.#decider?.close();
    this.#storages.closeAll();
  }

  #onServeCommand(command: ServeCommand, attachments: readonly Attachment[]): void {
    switch (command.kind) {
      case 'listen':
        void this.#listen(command);
        break;
      case 'serve':
        this.#serve(command, attachments);
        break;
      case 'metadata':
        this.#metadata.set(command.file, command);
        break;
      case 'unserve':
        this.#unserve(command.file);
        break;
      case 'describe':
        this.#toMain.tell({
          kind: 'described',
          ask: command.ask,
          peers: [...this.#listener.peers()].map(({ sentBytes, ...peer }) => ({ ...peer, bytes: sentBytes })),
        });
        break;
      case 'limit':
        this.#uploadRate = command.rate;
        this.#desk?.limit(command.rate);
        break;
      case 'decideUploads':
        this.#decideUploads(attachments[0]);
        break;
      case 'attachServing':
        present(this.#desk, 'only the thread that decides has a desk').attach(command.thread, portOf(attachments[0]));
        break;
      case 'joinDesk':
        this.#joinDesk(portOf(attachments[0]), attachments[1]);
        break;
      case 'dialFrom':
        this.#ownHost = command.host;
        break;
      case 'identify':
        this.#clientId = clientId(command.clientId);
        break;
      case 'card':
        this.#member().card = command.card;
        break;
      case 'shutOut':
        learnShutOut(this.#member().standing, command);
        this.#passage.recheck();
        break;
      case 'trackerTime':
        this.#member().trackerClock.heard(command.seconds, systemTimers.nowMs());
        break;
      default:
        unreachable(command);
    }
  }

  #member(): Credentials {
    return present(this.#credentials, 'only threads of a member are told of a closed swarm');
  }

  async #listen(command: Extract<ServeCommand, { kind: 'listen' }>): Promise<void> {
    const result = await this.#listener.listen(command);
    if ('errno' in result) this.#toMain.tell({ kind: 'listenFailed', errno: result.errno });
    else this.#toMain.tell({ kind: 'listening', port: result.port });
  }

  #peerIdIn(swarm: Uint8Array): PeerId {
    return peerIdOf(this.#clientId, swarmKey(swarm));
  }

  #decideUploads(memory: Attachment | undefined): void {
    assert(memory instanceof SharedArrayBuffer, 'uploads come with the memory of their buffers');
    this.#desk = new UploadDesk(
      {
        thread: this.#settings.thread,
        timers: systemTimers,
        prng: new Prng(this.#settings.seed),
        obey: (order) => this.#listener.obey(order),
        onCrash: (error) => this.#self.crash(error),
      },
      memory,
    );
    this.#desk.limit(this.#uploadRate);
    this.#setDecider(this.#desk);
  }

  #joinDesk(port: MessagePort, memory: Attachment | undefined): void {
    assert(memory instanceof SharedArrayBuffer, 'uploads come with the memory of their buffers');
    const desk = remoteDesk({
      port,
      memory,
      obey: (order) => this.#listener.obey(order),
      onDrain: () => this.#listener.deciderDrained(),
      onCrash: (error) => this.#self.crash(error),
    });
    this.#setDecider(desk);
  }

  #setDecider(decider: UploadDecider): void {
    this.#decider?.close();
    this.#decider = decider;
    this.#listener.decider = decider;
  }

  #serve(command: Extract<ServeCommand, { kind: 'serve' }>, attachments: readonly Attachment[]): void {
    const { file, swarm, storage } = command;
    const [memory, list] = attachments;
    assert(memory instanceof SharedArrayBuffer, 'a served file comes with its bitfield');
    const geometry = new Geometry(sizeOf(storage));
    const former = this.#lists.get(file) ?? 0;
    this.#lists.set(file, holdList(storage.list, list));
    // Only the thread that decides opens it at once, so that a failure is reported once.
    const failure = this.#desk === undefined ? this.#storages.learn(file, storage) : this.#storages.open(file, storage);
    folderLists.letGo(former);
    if (failure !== undefined) {
      this.#log.warn({ file, ...failure }, 'a shared file cannot be opened');
      this.#serveFailed(file, failure);
      return;
    }
    const bitfield = new Bitfield(geometry.pieceCount, new Uint8Array(memory));
    const metadata = this.#metadata.get(file);
    this.#served.set(swarmKey(swarm), { file, swarm, geometry, bitfield, metadata });
  }

  #serveFailed(file: number, failure: ServeFailure): void {
    this.#toMain.tell({ kind: 'serveFailed', file, ...failure });
  }

  #unserve(file: number): void {
    for (const [key, served] of this.#served) if (served.file === file) this.#served.delete(key);
    this.#metadata.delete(file);
    this.#listener.fileGone(file);
    this.#storages.close(file);
    folderLists.letGo(this.#lists.get(file) ?? 0);
    this.#lists.delete(file);
    this.#report();
  }

  #onFetchCommand(command: FetchCommand): void {
    switch (command.kind) {
      case 'request':
      case 'cancel':
      case 'hangUp':
        this.#dialed.get(command.connection)?.post(command);
        break;
      case 'dial':
        this.#dial(command);
        break;
      case 'haves':
        this.#listener.tellHaves(command.file, command.ranges);
        break;
      default:
        unreachable(command);
    }
  }

  #dial(command: Extract<FetchCommand, { kind: 'dial' }>): void {
    const { connection, swarm, pieceCount, host, port, uploadPort } = command;
    const dialed = new DialedSocket({
      connection,
      swarm,
      pieceCount,
      peerId: this.#peerIdIn(swarm),
      uploadPort,
      address: { host, port },
      ownHost: this.#ownHost,
      slab: this.#slab,
      passage: this.#passage,
      timers: systemTimers,
      tell: (event) => this.#tellDownload(event),
      onCrash: (error) => this.#self.crash(error),
    });
    this.#dialed.set(connection, dialed);
    if (this.#paused) dialed.pause();
  }

  #tellDownload(event: FetchEvent): void {
    if (event.kind === 'disconnected') this.#dialed.delete(event.connection);
    this.#toDownload.tell(event);
    if (this.#toDownload.congested) this.#setPaused(true);
  }

  /** The download thread is behind: stop reading from peers, so that TCP slows them down. */
  #setPaused(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    for (const dialed of this.#dialed.values()) {
      if (paused) dialed.pause();
      else dialed.resume();
    }
  }

  #onUploaded(file: number, bytes: number): void {
    this.#uploadedBytes.set(file, (this.#uploadedBytes.get(file) ?? 0) + bytes);
    if (this.#reportDue) return;
    this.#reportDue = true;
    systemTimers.at(systemTimers.nowMs() + PROGRESS_MS, () => this.#report());
  }

  #report(): void {
    this.#reportDue = false;
    for (const [file, bytes] of this.#uploadedBytes) {
      this.#toMain.tell({ kind: 'uploaded', file, bytes });
    }
    this.#uploadedBytes.clear();
  }
}

function portOf(attachment: Attachment | undefined): MessagePort {
  assert(attachment !== undefined && !(attachment instanceof SharedArrayBuffer), 'a thread is reached by its port');
  return attachment;
}

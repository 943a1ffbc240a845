// Connects to the background client: dials its socket and exchanges hellos; afterwards it carries commands and events
// like any other connection to a client. Does not know what the commands mean. When the socket closes or the protocol
// is broken, open requests are rejected with a sentence.

import { lstat } from 'node:fs/promises';
import type { ClientCommand } from '../../client/messages.js';
import { type Deferred, deferred, pause, within } from '../../foundation/base/deferred.js';
import { isErrorCode } from '../../foundation/base/error-codes.js';
import { errnoOf, fileError, MiniTorrentError, ProtocolError } from '../../foundation/base/errors.js';
import { programVersion } from '../../foundation/base/installation.js';
import { HELLO_DEADLINE_MS } from '../../foundation/base/limits.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import { DialedConnection } from '../../foundation/wire/dialed.js';
import { type ClientFacts, SwarmClient } from '../library/swarm-client.js';
import { EVENT_FRAME_BYTES_MAX, SOCKET_BACK_DEADLINE_MS, SOCKET_BACK_PAUSE_MS } from './limits.js';
import {
  ATTACH_MAGIC,
  ATTACH_VERSION,
  type AttachCommand,
  type AttachEvent,
  type AttachHello,
  attachCommands,
  attachEvents,
  isSameVersion,
} from './messages.js';
import { socketHolder } from './socket-place.js';

/** No process listens there: the path was never bound, or its process has ended. */
const NOBODY_LISTENS = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'];

/**
 * The client that listens at `path`; undefined when none does. Waits for one that runs without its socket, which it
 * makes again. The caller closes it: an open connection keeps the process alive. Rejects with WRONG_VERSION,
 * TIMED_OUT, LIMIT_REACHED, PERMISSION_DENIED, IO_ERROR.
 */
export async function attachToClient(path: string): Promise<SwarmClient | undefined> {
  const endMs = performance.now() + SOCKET_BACK_DEADLINE_MS;
  for (;;) {
    const client = await attachNow(path);
    const holder = client === undefined ? await socketHolder(path) : undefined;
    if (holder === undefined) return client;
    if (performance.now() >= endMs) throw withoutSocket(path, holder);
    await pause(SOCKET_BACK_PAUSE_MS);
  }
}

function withoutSocket(path: string, holder: string): MiniTorrentError {
  const sentence = `a client runs (${holder}), but its socket ${printable(path)} was removed, and it could not make it again; see its log, or end it: ${holder.replace('process', 'kill')}`;
  return new MiniTorrentError('IO_ERROR', sentence);
}

async function attachNow(path: string): Promise<SwarmClient | undefined> {
  const attempt = new Handshake(path);
  try {
    return await within(attempt.attached, HELLO_DEADLINE_MS, () => {
      throw new MiniTorrentError(
        'TIMED_OUT',
        `the client at ${printable(path)} is not responding; it may be starting or stopping: try again, or end its process`,
      );
    });
  } catch (error) {
    attempt.giveUp();
    if (NOBODY_LISTENS.includes(errnoOf(error) ?? '')) return undefined;
    throw fileError(error, printable(path));
  }
}

/** The user whose socket is at `path`; undefined when nothing is there, or nothing that this user may see. */
export async function socketOwner(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).uid;
  } catch (error) {
    if ([...NOBODY_LISTENS, 'EACCES'].includes(errnoOf(error) ?? '')) return undefined;
    throw fileError(error, printable(path));
  }
}

class Handshake {
  readonly #path: string;
  readonly #connection: DialedConnection<AttachCommand, AttachEvent>;
  readonly #attached: Deferred<SwarmClient> = deferred<SwarmClient>();
  #client: SwarmClient | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#connection = new DialedConnection<AttachCommand, AttachEvent>({
      address: { path },
      magic: ATTACH_MAGIC,
      sent: attachCommands,
      heard: attachEvents,
      frameBytesMax: EVENT_FRAME_BYTES_MAX,
      who: 'the client',
      onConnected: () => this.#connection.send({ kind: 'hello', version: ATTACH_VERSION, program: programVersion() }),
      onMessage: (event) => this.#take(event),
      onClosed: (reason, error) => this.#closed(reason, error),
    });
  }

  get attached(): Promise<SwarmClient> {
    return this.#attached.promise;
  }

  giveUp(): void {
    this.#connection.hangUp();
  }

  #take(event: AttachEvent): void {
    if (event.kind === 'hello') {
      if (this.#client !== undefined) throw new ProtocolError('it sent two hellos');
      if (isSameVersion(event)) this.#greeted(event);
      else this.#attached.reject(wrongVersion(this.#path, event));
    } else if (event.kind === 'turnedAway') {
      const code = isErrorCode(event.code) ? event.code : 'INTERNAL';
      this.#attached.reject(new MiniTorrentError(code, event.sentence));
    } else if (this.#client !== undefined) this.#client.onEvent(event);
    else throw new ProtocolError('it sent an event before its hello');
  }

  #greeted({ address, trackers, pid, more = [] }: AttachHello): void {
    const facts: ClientFacts = { address, trackers: [...trackers, ...more], pid };
    this.#client = new SwarmClient({
      facts,
      tell: (command) => this.#tell(command),
      close: () => this.#letGo(),
    });
    this.#attached.resolve(this.#client);
  }

  #tell(command: ClientCommand): void {
    if (attachCommands.accepts(command)) {
      this.#connection.send(command);
      return;
    }
    const sentence = 'a path or name may have at most 4096 bytes; choose a shorter one';
    this.#client?.onEvent({ kind: 'refused', ask: command.ask, code: 'INVALID_ARGUMENTS', sentence });
  }

  /** Hangs up; the client keeps running. */
  async #letGo(): Promise<void> {
    this.#connection.hangUp();
    this.#client?.disconnected(new MiniTorrentError('CANCELLED', 'this connection to the client was closed'));
  }

  #closed(reason: string, error: Error | undefined): void {
    this.#attached.reject(
      errnoOf(error) === undefined ? new MiniTorrentError('IO_ERROR', notAClient(this.#path, reason), error) : error,
    );
    const again = command('attach', '--socket', this.#path);
    const sentence = `lost the client at ${printable(this.#path)}: ${reason}; see whether it still runs with: ${again}`;
    this.#client?.disconnected(new MiniTorrentError('NOT_RUNNING', sentence, error));
  }
}

function notAClient(path: string, reason: string): string {
  return `${printable(path)} is not the socket of an mtorrent client (${reason}); name another one with --socket`;
}

/** Says which of the two is older. Exported for its test. */
export function wrongVersion(path: string, { version, program, pid }: AttachHello): MiniTorrentError {
  const who = `the client at ${printable(path)} runs version ${printable(program)} of mtorrent, and this program is ${programVersion()}`;
  return new MiniTorrentError(
    'WRONG_VERSION',
    version < ATTACH_VERSION
      ? `${who}: the client is older; stop it (kill ${pid}) and start it again`
      : `${who}: this program is older; use the version that started the client`,
  );
}

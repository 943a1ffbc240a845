// A connection that we dialed, by TCP or on a Unix socket: the magic, then messages of one table each way. A host name
// is looked up at each dial, and its addresses are tried in turn. Ends with a reason for garbage, another protocol or a
// frame too large; its owner keeps the deadlines.

import { MiniTorrentError, ProtocolError } from '../base/errors.js';
import { familyOf } from '../base/hosts.js';
import { FRAME_BYTES_MAX } from '../base/limits.js';
import type { Member, Need } from '../identity/gate.js';
import { FrameReader } from './framing.js';
import { NAMED_DIAL_DEADLINE_MS } from './limits.js';
import { MagicGate } from './magic.js';
import { hostsOf, names } from './names.js';
import { Outbox } from './outbox.js';
import { type Passage, plainPassage } from './passage.js';
import type { Protocol } from './protocol.js';
import type { Place, Socket } from './transport.js';

export interface DialedOptions<Sent, Heard> {
  readonly address: Place;
  /** How bytes travel, and what the other side has to be; in the clear when absent. */
  readonly passage?: Passage | undefined;
  readonly need?: Need;
  /** Where we listen, so that the other side sees us there. Ignored as `dial` says. */
  readonly ownHost?: string;
  /** Of a host name: its addresses, before the first of them is dialed. */
  readonly onResolved?: (hosts: readonly string[]) => void;
  readonly magic: Uint8Array;
  readonly sent: Pick<Protocol<Sent>, 'framed'>;
  readonly heard: Pick<Protocol<Heard>, 'decode'>;
  /** Bytes of one frame from the other side; FRAME_BYTES_MAX when absent. */
  readonly frameBytesMax?: number;
  /** How a reason names the other side, such as `the tracker`. */
  readonly who: string;
  /** TCP stands; in a closed swarm the handshake follows, which may wait for others. */
  readonly onReached?: () => void;
  /** @param member undefined in the clear. */
  readonly onConnected: (member: Member | undefined) => void;
  readonly onMessage: (message: Heard) => void;
  /** Once, unless `hangUp` came first. `error`: of the socket, the protocol or the gate, when there was one. */
  readonly onClosed: (reason: string, error?: Error) => void;
}

export class DialedConnection<Sent, Heard> {
  readonly #options: DialedOptions<Sent, Heard>;
  readonly #magic: MagicGate;
  readonly #reader: FrameReader;
  /** Undefined while a name is looked up. */
  #socket: Socket | undefined;
  #outbox: Outbox | undefined;
  #isReached = false;
  #isHeard = false;
  #isOver = false;
  /** A host of a name, and since when it is dialed. */
  #named: { readonly name: string; readonly host: string; readonly sinceMs: number } | undefined;
  #error: Error | undefined;
  /** Why the other side is not one that we speak with. */
  #refusal: MiniTorrentError | undefined;

  constructor(options: DialedOptions<Sent, Heard>) {
    this.#options = options;
    this.#magic = new MagicGate(options.magic);
    this.#reader = new FrameReader(options.frameBytesMax ?? FRAME_BYTES_MAX);
    const { address } = options;
    if ('path' in address || familyOf(address.host) !== undefined) this.#dial(address, []);
    else void this.#dialNamed(address.host, address.port);
  }

  send(message: Sent): void {
    if (this.#isOver) return;
    this.#outbox?.push(this.#options.sent.framed(message));
  }

  /** Ends it without calling `onClosed`. */
  hangUp(): void {
    // Its owner may have found another one meanwhile, which says nothing of this one.
    if (performance.now() - (this.#named?.sinceMs ?? 0) >= NAMED_DIAL_DEADLINE_MS) this.#nobodySpoke();
    this.#isOver = true;
    this.#socket?.destroy();
  }

  /** A host that answers, and is none of ours, is not to be the only one of its name that is ever dialed. */
  #nobodySpoke(): void {
    if (this.#named === undefined || this.#isHeard || this.#isOver) return;
    names.dialed(this.#named.name, this.#named.host, false);
    this.#named = undefined;
  }

  async #dialNamed(name: string, port: number): Promise<void> {
    const { ownHost = '', onResolved } = this.#options;
    try {
      const hosts = await hostsOf(name);
      if (this.#isOver) return;
      onResolved?.(hosts);
      // Those that our own address reaches come first: the other side is to see us there.
      const isOurs = (host: string): boolean => familyOf(host) === familyOf(ownHost);
      const [first, ...rest] = [...hosts.filter(isOurs), ...hosts.filter((host) => !isOurs(host))];
      if (first !== undefined) this.#dial({ host: first, port }, rest);
    } catch (error) {
      this.#error = error as Error;
      this.#over(this.#error.message);
    }
  }

  /** @param rest further hosts, should nobody answer there. */
  #dial(place: Place, rest: readonly string[]): void {
    const { ownHost, onReached, who, passage = plainPassage, need = 'track' } = this.#options;
    const [next, ...others] = rest;
    const timeout = next === undefined ? {} : { timeoutMs: NAMED_DIAL_DEADLINE_MS };
    const { address } = this.#options;
    if ('host' in place && 'host' in address && place.host !== address.host)
      this.#named = { name: address.host, host: place.host, sinceMs: performance.now() };
    const socket = passage.dial(
      place,
      { ownHost, need, ...timeout },
      {
        opened: (member) => this.#opened(socket, member),
        refused: (sentence) => {
          this.#refusal = new MiniTorrentError('NOT_ADMITTED', sentence);
        },
      },
    );
    this.#socket = socket;
    this.#error = undefined;
    this.#outbox = new Outbox(socket);
    socket.on('connect', () => {
      socket.setTimeout(0);
      this.#isReached = true;
      if (!this.#isOver) onReached?.();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#nobodySpoke();
      if (this.#isOver || this.#isReached || next === undefined || 'path' in place)
        this.#over((this.#refusal ?? this.#error)?.message ?? `${who} closed the connection`);
      else this.#dial({ host: next, port: place.port }, others);
    });
  }

  #opened(socket: Socket, member: Member | undefined): void {
    if (this.#isOver) return;
    socket.on('data', (received: Buffer) => this.#onBytes(received));
    socket.write(this.#options.magic);
    this.#options.onConnected(member);
  }

  #onBytes(received: Uint8Array): void {
    try {
      this.#reader.feed(this.#magic.pass(received));
      while (!this.#isOver) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        const message = this.#options.heard.decode(frame);
        if (!this.#isHeard && this.#named !== undefined) names.dialed(this.#named.name, this.#named.host, true);
        this.#isHeard = true;
        this.#options.onMessage(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#socket?.destroy();
      this.#error = error;
      this.#over(`${this.#options.who} broke the protocol: ${error.message}`);
    }
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onClosed(reason, this.#refusal ?? this.#error);
  }
}

// A connection that we dialed, by TCP or on a Unix socket: the magic, then messages of one table each way. A host name
// is looked up at each dial, and its addresses are tried in turn. Ends with a reason for garbage, another protocol or a
// frame too large; its owner keeps the deadlines.

import { ProtocolError } from '../base/errors.js';
import { familyOf } from '../base/hosts.js';
import { FRAME_BYTES_MAX } from '../base/limits.js';
import { FrameReader } from './framing.js';
import { NAMED_DIAL_DEADLINE_MS } from './limits.js';
import { MagicGate } from './magic.js';
import { hostsOf } from './names.js';
import { Outbox } from './outbox.js';
import type { Protocol } from './protocol.js';
import { dial, type Place, type Socket } from './transport.js';

export interface DialedOptions<Sent, Heard> {
  readonly address: Place;
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
  readonly onConnected: () => void;
  readonly onMessage: (message: Heard) => void;
  /** Once, unless `hangUp` came first. `error`: of the socket or the protocol, when there was one. */
  readonly onClosed: (reason: string, error?: Error) => void;
}

export class DialedConnection<Sent, Heard> {
  readonly #options: DialedOptions<Sent, Heard>;
  readonly #magic: MagicGate;
  readonly #reader: FrameReader;
  /** Undefined while a name is looked up. */
  #socket: Socket | undefined;
  #outbox: Outbox | undefined;
  #isConnected = false;
  #isOver = false;
  #error: Error | undefined;

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
    this.#isOver = true;
    this.#socket?.destroy();
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
    const { ownHost, magic, onConnected, who } = this.#options;
    const [next, ...others] = rest;
    const socket = dial(place, { ownHost, ...(next === undefined ? {} : { timeoutMs: NAMED_DIAL_DEADLINE_MS }) });
    this.#socket = socket;
    this.#error = undefined;
    this.#outbox = new Outbox(socket);
    socket.on('connect', () => {
      socket.setTimeout(0);
      if (this.#isOver) return;
      this.#isConnected = true;
      socket.write(magic);
      onConnected();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('data', (received: Buffer) => this.#onBytes(received));
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      if (this.#isOver || this.#isConnected || next === undefined || 'path' in place)
        this.#over(this.#error?.message ?? `${who} closed the connection`);
      else this.#dial({ host: next, port: place.port }, others);
    });
  }

  #onBytes(received: Uint8Array): void {
    try {
      this.#reader.feed(this.#magic.pass(received));
      while (!this.#isOver) {
        const frame = this.#reader.next();
        if (frame === undefined) return;
        this.#options.onMessage(this.#options.heard.decode(frame));
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
    this.#options.onClosed(reason, this.#error);
  }
}

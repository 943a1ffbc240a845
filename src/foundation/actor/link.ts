// A two-way link over a MessagePort: msgpack frames, with shared memory and ports attached. Bounded by credit: the
// receiver returns credit for messages that it has handled, and the sender keeps the rest in a bounded backlog. A frame
// that fails its checks is a defect of ours and crashes the receiver.

import type { MessagePort, Transferable } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { BoundedQueue } from '../base/queue.js';
import type { Protocol } from '../wire/protocol.js';
import { LINK_BACKLOG_MAX, LINK_CREDIT_MAX } from './limits.js';

/** What may ride beside a frame: memory that both threads see, or a port that changes threads. */
export type Attachment = SharedArrayBuffer | MessagePort;

interface Packet {
  readonly frame: Uint8Array;
  readonly attachments: readonly Attachment[];
}

/** Credit coming back, as a bare number, once a quarter of the window was handled. */
const CREDIT_STEP = LINK_CREDIT_MAX / 4;

export interface Link<Sent> {
  /** Sends, or keeps in the backlog while there is no credit. Crashes (assertion) past LINK_BACKLOG_MAX. */
  tell(message: Sent, attachments?: readonly Attachment[]): void;
  /** True while messages wait for credit: sources of further messages should pause. */
  readonly congested: boolean;
  /** Called once when a congested link has emptied its backlog. */
  onDrain: () => void;
  close(): void;
}

export interface LinkOptions<Sent, Received> {
  readonly port: MessagePort;
  readonly sends: Protocol<Sent>;
  readonly receives: Protocol<Received>;
  readonly handle: (message: Received, attachments: readonly Attachment[]) => void;
  /** A frame from the other thread failed its checks, or `handle` threw. */
  readonly onCrash: (error: unknown) => void;
}

/** Opens both directions of a port: `tell` sends, `handle` receives. */
export function openLink<Sent, Received>(options: LinkOptions<Sent, Received>): Link<Sent> {
  const { port, sends, receives, handle, onCrash } = options;
  const backlog = new BoundedQueue<Packet>(LINK_BACKLOG_MAX);
  let credit = LINK_CREDIT_MAX;
  let handled = 0;

  const post = (packet: Packet): void => {
    const ports = packet.attachments.filter((item) => !(item instanceof SharedArrayBuffer)) as MessagePort[];
    const moved: Transferable[] = [packet.frame.buffer as ArrayBuffer, ...ports];
    if (packet.attachments.length === 0) port.postMessage(packet.frame, moved);
    else port.postMessage(packet, moved);
  };

  const link: Link<Sent> = {
    tell(message, attachments = []) {
      const packet: Packet = { frame: new Uint8Array(sends.encode(message)), attachments };
      if (credit > 0) {
        credit -= 1;
        post(packet);
      } else {
        assert(backlog.push(packet), `${sends.name}: link backlog is within its bound`);
      }
    },
    get congested() {
      return backlog.length > 0;
    },
    onDrain: () => undefined,
    close: () => port.close(),
  };

  const creditReturned = (count: number): void => {
    const wasCongested = backlog.length > 0;
    credit += count;
    assert(credit <= LINK_CREDIT_MAX, `${sends.name}: credit comes back once`);
    while (credit > 0) {
      const packet = backlog.shift();
      if (packet === undefined) break;
      credit -= 1;
      post(packet);
    }
    if (wasCongested && backlog.length === 0) link.onDrain();
  };

  port.on('message', (packet: number | Uint8Array | Packet) => {
    try {
      if (typeof packet === 'number') {
        creditReturned(packet);
        return;
      }
      if (packet instanceof Uint8Array) handle(receives.decode(packet), []);
      else handle(receives.decode(packet.frame), packet.attachments);
      handled += 1;
      if (handled >= CREDIT_STEP) {
        port.postMessage(handled);
        handled = 0;
      }
    } catch (error) {
      onCrash(error);
    }
  });
  return link;
}

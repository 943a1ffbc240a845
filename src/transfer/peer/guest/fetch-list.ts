// Fetches from one peer what stands behind the piece hashes in a .mtorrent, over a connection of its own.

import { randomBytes } from 'node:crypto';
import { Host } from '../../../foundation/actor/host.js';
import { deferred } from '../../../foundation/base/deferred.js';
import { systemTimers, type Timers } from '../../../foundation/base/timers.js';
import type { Address } from '../../../foundation/torrent/address.js';
import { PEER_ID_SIZE, peerId } from '../../../foundation/torrent/ids.js';
import { DialedConnection } from '../../../foundation/wire/dialed.js';
import type { Passage } from '../../../foundation/wire/passage.js';
import type { PeerMessage } from '../codec/meaning.js';
import { mtCodec } from '../codec/mt.js';
import { type GuestEffect, type GuestInput, GuestMachine, type GuestOptions, type ListOutcome } from './machine.js';

export interface ListRequest extends Omit<GuestOptions, 'peerId' | 'startedMs'> {
  readonly address: Address;
  /** Where this client listens, so that it dials from there; undefined: the system chooses. */
  readonly ownHost?: string | undefined;
  readonly timers?: Timers | undefined;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
}

export interface ListFetch {
  /** Within the deadlines of `GuestMachine`. Rejects only for a fault of ours. */
  readonly outcome: Promise<ListOutcome>;
  /** `outcome` does not settle any more, unless it has. Idempotent. */
  hangUp(): void;
}

export function fetchList(request: ListRequest): ListFetch {
  const { address, ownHost, timers = systemTimers, passage, ...asked } = request;
  const outcome = deferred<ListOutcome>();
  const host = new Host<GuestInput, GuestEffect>({
    name: `guest/${address.host}:${address.port}`,
    machine: new GuestMachine({ ...asked, peerId: peerId(randomBytes(PEER_ID_SIZE)), startedMs: timers.nowMs() }),
    perform: (effect) => {
      if (effect.kind === 'send') return connection.send(effect.message);
      hangUp();
      outcome.resolve(effect.outcome);
    },
    onCrash: (error) => {
      hangUp();
      outcome.reject(error);
    },
    timers,
  });
  const connection = new DialedConnection<PeerMessage, PeerMessage>({
    address,
    passage,
    need: 'fetch',
    ...(ownHost === undefined ? {} : { ownHost }),
    magic: mtCodec.magic,
    sent: { framed: mtCodec.encode },
    heard: { decode: mtCodec.decode },
    who: 'the peer',
    onConnected: () => host.post({ kind: 'connected' }),
    onMessage: (message) => host.post({ kind: 'received', message }),
    onClosed: (reason) => host.post({ kind: 'closed', reason }),
  });
  const hangUp = (): void => {
    host.stop();
    connection.hangUp();
  };
  host.post({ kind: 'wake' });
  return { outcome: outcome.promise, hangUp };
}

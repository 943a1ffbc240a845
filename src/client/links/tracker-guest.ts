// One tracker of a link, asked as a guest: for piece hashes in parts, and for peers. Changes nothing there. What an
// answer means is decided in `assembly.ts`.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { errnoOf, MiniTorrentError, ProtocolError } from '../../foundation/base/errors.js';
import { SEEDERS_PER_REPLY_MAX } from '../../foundation/base/limits.js';
import { type Address, canonicalHost } from '../../foundation/torrent/address.js';
import { CLIENT_ID_SIZE, keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { printable } from '../../foundation/torrent/names.js';
import { DialedConnection } from '../../foundation/wire/dialed.js';
import { commonFeatures, encodeFeatures } from '../../foundation/wire/features.js';
import type { Passage } from '../../foundation/wire/passage.js';
import {
  TRACKER_FEATURES,
  TRACKER_MAGIC,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../../tracking/tracker/messages.js';
import type { AssemblyInput } from './assembly.js';
import type { HashPart } from './hash-string.js';

export interface TrackerGuestOptions {
  /** Its number among the trackers of the link. */
  readonly tracker: number;
  readonly address: Address;
  readonly swarm: SwarmKey;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
  readonly post: (input: AssemblyInput) => void;
}

const { readsFeatures, describes } = TRACKER_FEATURES;
const SEEDERS = 1;

export class TrackerGuest {
  readonly #options: TrackerGuestOptions;
  readonly #connection: DialedConnection<TrackerRequest, TrackerReply>;
  readonly #swarm: Uint8Array;
  /** Of each open request for piece hashes, the offset. */
  readonly #offsets = new Map<number, number>();
  #lastId = SEEDERS;

  constructor(options: TrackerGuestOptions) {
    this.#options = options;
    this.#swarm = keyBytes(options.swarm);
    this.#connection = new DialedConnection<TrackerRequest, TrackerReply>({
      address: options.address,
      passage: options.passage,
      need: 'track',
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      onConnected: () => this.#greet(),
      onMessage: (reply) => this.#heard(reply),
      onClosed: (reason, error) => {
        const isOther = error instanceof ProtocolError;
        this.#fail(
          isOther ? 'old' : 'away',
          isOther
            ? 'no tracker of this version answers there'
            : error instanceof MiniTorrentError
              ? reason
              : (errnoOf(error) ?? reason),
        );
      },
    });
  }

  askHash({ offset, length }: HashPart): void {
    this.#lastId += 1;
    this.#offsets.set(this.#lastId, offset);
    this.#connection.send({ kind: 'hashString', id: this.#lastId, swarm: this.#swarm, offset, length });
  }

  askSeeders(): void {
    this.#connection.send({ kind: 'seeders', id: SEEDERS, swarm: this.#swarm, want: SEEDERS_PER_REPLY_MAX });
  }

  hangUp(): void {
    this.#connection.hangUp();
  }

  #greet(): void {
    const clientId = new Uint8Array(CLIENT_ID_SIZE);
    const token = encodeFeatures([readsFeatures, describes]);
    this.#connection.send({ kind: 'hello', clientId, host: '', uploadPort: 0, epoch: 0, token });
  }

  #heard(reply: TrackerReply): void {
    const { tracker, post } = this.#options;
    switch (reply.kind) {
      case 'helloReply':
        if (commonFeatures(reply.features ?? EMPTY_BYTES, [describes]).has(describes))
          post({ kind: 'trackerReady', tracker });
        else this.#fail('old', 'it runs a release that gives no piece hashes');
        break;
      case 'hashStringPart': {
        const offset = this.#offsets.get(reply.id);
        this.#offsets.delete(reply.id);
        if (offset !== undefined) post({ kind: 'hashPart', tracker, offset, part: reply.part });
        break;
      }
      case 'seederList':
        post({ kind: 'seeders', tracker, peers: reply.seeders.flatMap(([host, port]) => addressOf(host, port)) });
        break;
      case 'error':
        if (reply.id === SEEDERS) post({ kind: 'seeders', tracker, peers: [] });
        else this.#fail(reply.code === 'unknown' ? 'unlisted' : 'away', `it says: ${printable(reply.sentence)}`);
        break;
      default:
        break;
    }
  }

  #fail(why: 'away' | 'old' | 'unlisted', reason: string): void {
    this.#options.post({ kind: 'trackerFailed', tracker: this.#options.tracker, why, reason });
  }
}

/** None for what nobody can dial. */
function addressOf(host: string, port: number): readonly Address[] {
  const canonical = canonicalHost(host);
  return canonical === undefined || port === 0 ? [] : [{ host: canonical, port }];
}

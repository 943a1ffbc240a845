// One tracker of a link, asked as a guest: for piece hashes in parts, and for peers. Changes nothing there. What an
// answer means is decided in `assembly.ts`.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { SEEDERS_PER_REPLY_MAX } from '../../foundation/base/limits.js';
import { type Address, canonicalHost } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { printable } from '../../foundation/torrent/names.js';
import { commonFeatures } from '../../foundation/wire/features.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { GuestConnection } from '../../tracking/tracker/guest-connection.js';
import { TRACKER_FEATURES, type TrackerReply } from '../../tracking/tracker/messages.js';
import type { HashPart } from './hash-string.js';
import type { AssemblyInput } from './messages.js';

export interface TrackerGuestOptions {
  /** Its number among the trackers of the link. */
  readonly tracker: number;
  readonly address: Address;
  readonly swarm: SwarmKey;
  /** How bytes travel; in the clear when absent. */
  readonly passage?: Passage | undefined;
  readonly post: (input: AssemblyInput) => void;
  /** Called with each of its answers. */
  readonly onAnswer: () => void;
}

const { readsFeatures, describes } = TRACKER_FEATURES;
const SEEDERS = 1;

export class TrackerGuest {
  readonly #options: TrackerGuestOptions;
  readonly #connection: GuestConnection;
  readonly #swarm: Uint8Array;
  /** Of each open request for piece hashes, the offset. */
  readonly #offsets = new Map<number, number>();
  #lastId = SEEDERS;

  constructor(options: TrackerGuestOptions) {
    this.#options = options;
    this.#swarm = keyBytes(options.swarm);
    this.#connection = new GuestConnection({
      address: options.address,
      passage: options.passage,
      features: [readsFeatures, describes],
      onReply: (reply) => this.#heard(reply),
      onFailed: ({ kind, reason }) => this.#fail(kind === 'foreign' ? 'old' : 'away', reason),
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

  #heard(reply: TrackerReply): void {
    const { tracker, post, onAnswer } = this.#options;
    onAnswer();
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
        post({ kind: 'seeders', tracker, peers: reply.seeders.flatMap(addressOf) });
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
function addressOf({ host, port }: Address): readonly Address[] {
  const canonical = canonicalHost(host);
  return canonical === undefined || port === 0 ? [] : [{ host: canonical, port }];
}

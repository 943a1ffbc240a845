// What the client asks of its announcer and what it hears from it. Both run on one thread, so these are plain unions. A
// registration, a withdrawal or a question stands until a tracker has answered it, however long both are away.

import type { Ban } from '../../foundation/identity/bans.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import type { InfoFacts } from '../../foundation/torrent/info-text.js';
import type { RefusalCode } from '../tracker/messages.js';
import type { Reached } from './reach-check.js';

/** A file that this client serves, as far as it has it. */
export interface Sharing {
  readonly swarm: SwarmKey;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly pieceCount: number;
  /** Pieces this client has. */
  readonly have: number;
  /** What its .mtorrent says beside; undefined: not known of a share of an earlier release. */
  readonly details?: InfoFacts | undefined;
  /** Whoever asks a tracker what there is may see it. Counts only with details. */
  readonly isListed?: boolean | undefined;
}

/** What a client names in place of the address that it listens on: behind a NAT, or in a container. */
export interface Advertised {
  /** Numeric; undefined: the host that trackers see. Of a name, what it stood for when it was last looked up. */
  readonly host: string | undefined;
  readonly port: number;
  /** Of a name: looks it up. Resolves within NAME_DEADLINE_MS to whether `host` is known; never rejects. */
  readonly lookUp?: (() => Promise<boolean>) | undefined;
}

/** Of one file in this run. Payload bytes; milliseconds on the clock of this process. */
export interface Summary {
  /** Bytes that this client wants of it. */
  readonly wanted: number;
  readonly received: number;
  /** Of the bytes received, those that were not needed or were wrong. */
  readonly wasted: number;
  readonly sent: number;
  /** Undefined: it was whole here when this run began. */
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
  /** Highest rates that were held, in bytes a second. */
  readonly downRate: number;
  readonly upRate: number;
}

export interface Told {
  readonly swarm: SwarmKey;
  readonly summary: Summary;
}

export type AnnounceCommand =
  | ({ readonly kind: 'register' } & Sharing)
  /** Told now and then, and at once when the file is complete. */
  | { readonly kind: 'progress'; readonly swarm: SwarmKey; readonly have: number }
  | { readonly kind: 'withdraw'; readonly swarm: SwarmKey }
  /** What this client did for a file. Told now and then, and at once when its download has ended. */
  | ({ readonly kind: 'summary' } & Told)
  | { readonly kind: 'findSeeders'; readonly swarm: SwarmKey }
  /**
   * We are this client from now on. Everything is told to the trackers anew; what the old one said ends with its lease.
   */
  | { readonly kind: 'identify'; readonly clientId: ClientId; readonly epoch: number }
  /** We listen there from now on, and dial from there. Everything is told anew. */
  | { readonly kind: 'move'; readonly upload: Address }
  /** Ask whether we are reached at our address. `reachChecked` follows, at once when it cannot be asked. */
  | { readonly kind: 'checkReach' }
  /** Off every list. `left` follows within LEAVE_DEADLINE_MS, answered or not; nothing else is done after it. */
  | { readonly kind: 'leave' };

export interface Seeder extends Address {
  /** Pieces it had when it last told its tracker. */
  readonly have: number;
}

export type AnnounceEvent = PairEvent | MembershipEvent;

/** What a pair says of files and of itself. */
export type PairEvent =
  /** Numeric addresses, each once, never our own; a random sample when there are very many. */
  | { readonly kind: 'seedersFound'; readonly swarm: SwarmKey; readonly seeders: readonly Seeder[] }
  /** A tracker lists us and has written it down. Said once for each `register`. */
  | { readonly kind: 'registered'; readonly swarm: SwarmKey }
  | { readonly kind: 'withdrawn'; readonly swarm: SwarmKey }
  /** A tracker refused something about this swarm. It is tried again where that can help. */
  | { readonly kind: 'refused'; readonly swarm: SwarmKey; readonly code: RefusalCode; readonly sentence: string }
  /** It is asked from now on. */
  | { readonly kind: 'trackerUp'; readonly tracker: Address }
  /** It does not answer; said once until it does. */
  | { readonly kind: 'trackerDown'; readonly tracker: Address; readonly reason: string }
  | { readonly kind: 'allTrackersDown' }
  | { readonly kind: 'trackersBack' }
  /** A tracker knew a newer start of this client: keep this epoch, the next start begins above it. */
  | { readonly kind: 'epochRaised'; readonly epoch: number }
  /**
   * Another client has our id, and we need a new one: it speaks from `other`, or again and again a tracker knows words
   * of ours that we did not say.
   */
  | {
      readonly kind: 'identityShared';
      readonly clientId: ClientId;
      readonly tracker: Address;
      readonly other: Address | undefined;
    }
  /** Another client came with our id, from `other`, and was turned away. We keep it. */
  | { readonly kind: 'identityCopied'; readonly tracker: Address; readonly other: Address }
  /** Another client named the address at which we are listed, and was refused. */
  | { readonly kind: 'addressShared'; readonly tracker: Address; readonly address: Address }
  /** What the tracker found when it looked for us at our address; told when it has changed. */
  | (Reached & { readonly kind: 'reach'; readonly tracker: Address })
  /** Answers `checkReach`. */
  | { readonly kind: 'reachChecked' }
  /** The tracker is of a release that lists us at the address it sees, whatever we advertise. */
  | { readonly kind: 'advertiseIgnored'; readonly tracker: Address }
  /**
   * A tracker knows of an epoch above all that we can have: somebody else spoke for this client, and we need a new id.
   */
  | { readonly kind: 'identityBurnt'; readonly clientId: ClientId; readonly tracker: Address }
  /** It is of another family of addresses than `upload`, so it lists us where we do not listen. Said once. */
  | { readonly kind: 'listedElsewhere'; readonly tracker: Address; readonly upload: Address }
  | { readonly kind: 'left' };

/** In a closed swarm; the credentials have it already. */
export type MembershipEvent =
  /**
   * News of who is shut out. The statements are the root's.
   */
  | { readonly kind: 'shutOut'; readonly bans: readonly Ban[]; readonly withdrawals: readonly Uint8Array[] }
  /** A tracker's clock, in seconds since 1970. */
  | { readonly kind: 'trackerTime'; readonly seconds: number }
  /** A card that is good for longer. */
  | { readonly kind: 'cardRenewed'; readonly card: Uint8Array }
  /** A tracker gave no new card. It is asked again. */
  | { readonly kind: 'cardRefused'; readonly sentence: string };

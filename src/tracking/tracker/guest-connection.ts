// A connection to one tracker as a guest: who is listed nowhere there and changes nothing but what it asks for. Greets
// the tracker, passes on what it says, and tells in three kinds why it can be asked no more.

import { EMPTY_BYTES } from '../../foundation/base/bytes.js';
import { errnoOf, MiniTorrentError, ProtocolError } from '../../foundation/base/errors.js';
import type { Member } from '../../foundation/identity/gate.js';
import type { Address } from '../../foundation/torrent/address.js';
import { CLIENT_ID_SIZE } from '../../foundation/torrent/ids.js';
import { printable } from '../../foundation/torrent/names.js';
import { DialedConnection, type DialedOptions } from '../../foundation/wire/dialed.js';
import { encodeFeatures } from '../../foundation/wire/features.js';
import { TRACKER_MAGIC, type TrackerReply, type TrackerRequest, trackerReplies, trackerRequests } from './messages.js';

/** Why a tracker cannot be asked. */
export interface GuestFailure {
  /**
   * What answers is no tracker of this version; one side does not admit the other, or a name stands for nothing; or
   * nobody answers.
   */
  readonly kind: 'foreign' | 'refused' | 'away';
  /** A clause that can be printed. */
  readonly reason: string;
  /** Of what was refused. */
  readonly error: MiniTorrentError | undefined;
}

/** The reason of a failure of kind `foreign`. */
export const FOREIGN = 'what answers there is not a tracker of this version';

export interface GuestOptions extends Pick<DialedOptions<TrackerRequest, TrackerReply>, 'passage' | 'onReached'> {
  readonly address: Address;
  /** Where we dial from; undefined: the system chooses. */
  readonly ownHost?: string | undefined;
  /** What we understand beyond the first version of the protocol. */
  readonly features?: readonly number[];
  /** The hello was sent. @param member the tracker, as the gate proved it; undefined in the clear. */
  readonly onGreeted?: (member: Member | undefined) => void;
  readonly onReply: (reply: TrackerReply) => void;
  /** Once, unless `hangUp` came first. */
  readonly onFailed: (failure: GuestFailure) => void;
}

export class GuestConnection {
  readonly #connection: DialedConnection<TrackerRequest, TrackerReply>;

  constructor({ address, passage, ownHost, features, onReached, onGreeted, onReply, onFailed }: GuestOptions) {
    const token = features === undefined ? EMPTY_BYTES : encodeFeatures(features);
    this.#connection = new DialedConnection<TrackerRequest, TrackerReply>({
      address,
      passage,
      ...(ownHost === undefined ? {} : { ownHost }),
      ...(onReached === undefined ? {} : { onReached }),
      need: 'track',
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      onConnected: (member) => {
        const clientId = new Uint8Array(CLIENT_ID_SIZE);
        this.send({ kind: 'hello', clientId, host: '', uploadPort: 0, epoch: 0, token });
        onGreeted?.(member);
      },
      onMessage: onReply,
      onClosed: (reason, error) => onFailed(failureOf(reason, error)),
    });
  }

  send(request: TrackerRequest): void {
    this.#connection.send(request);
  }

  /** Ends it without calling `onFailed`. */
  hangUp(): void {
    this.#connection.hangUp();
  }
}

function failureOf(reason: string, error: Error | undefined): GuestFailure {
  if (error instanceof ProtocolError) return { kind: 'foreign', reason: FOREIGN, error: undefined };
  if (error instanceof MiniTorrentError) return { kind: 'refused', reason: printable(reason), error };
  return { kind: 'away', reason: errnoOf(error) ?? printable(reason), error: undefined };
}

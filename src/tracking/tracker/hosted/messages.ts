// The settings of a tracker on a thread of its own, and what it reports. Addresses travel as `ip:port`.

import { CARD_SIZE } from '../../../foundation/identity/card.js';
import { PUBLIC_KEY_SIZE } from '../../../foundation/identity/keys.js';
import { MEMBER_NAME_MAX } from '../../../foundation/identity/statement.js';
import { HOST_BYTES_MAX } from '../../../foundation/torrent/address.js';
import { type MessageOf, message, protocol } from '../../../foundation/wire/protocol.js';
import { bytes, optional, record, sentence, text } from '../../../foundation/wire/schema.js';

const address = text(64);
/** Linux's PATH_MAX. */
const path = text(4_096);

export const hostedSettings = protocol('tracker.hosted.settings', {
  tracker: message(1, {
    own: address,
    partner: address,
    listenHost: text(HOST_BYTES_MAX),
    seederListPath: path,
    /** Secret: must never reach a log. Nil: in the clear. */
    identity: optional(
      record({
        swarm: text(MEMBER_NAME_MAX),
        root: bytes(PUBLIC_KEY_SIZE),
        /** Of the secret key. */
        seed: bytes(PUBLIC_KEY_SIZE),
        card: bytes(CARD_SIZE),
      }),
    ),
  }),
});
export type HostedSettings = MessageOf<typeof hostedSettings>;

/** It obeys nothing but the `stop` of its thread. */
export const hostedCommands = protocol('tracker.hosted.command', {});

export const hostedEvents = protocol('tracker.hosted.event', {
  /** It could not be started; the thread is of no use. One that listens says `ready`, as every thread. */
  startFailed: message(1, { code: text(32), sentence }),
});
export type HostedEvent = MessageOf<typeof hostedEvents>;

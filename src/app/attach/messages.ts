// The messages on the background client's socket: both sides send ATTACH_MAGIC and a hello, then commands one way and
// events the other, as in `client/messages.ts`. The hellos and `turnedAway` keep their tags and fields for ever, so
// that different versions can say so.

import { CLIENT_COMMANDS, CLIENT_EVENTS } from '../../client/messages.js';
import { TRACKERS_MAX } from '../../foundation/base/limits.js';
import { ADDRESS_BYTES_MAX } from '../../foundation/torrent/address.js';
import { type MessageOf, message, protocol } from '../../foundation/wire/protocol.js';
import { listOf, text, trailing, tuple, u16, u32 } from '../../foundation/wire/schema.js';

/** Never changes; ATTACH_VERSION does. */
export const ATTACH_MAGIC = Uint8Array.from([...Buffer.from('MTCONS', 'latin1'), 0, 1]);
/** Raised when a command or an event changes its fields or their ranges; a new command does not raise it. */
export const ATTACH_VERSION = 6;

const program = text(32);
const address = text(ADDRESS_BYTES_MAX);

export const attachCommands = protocol('attach.commands', {
  ...CLIENT_COMMANDS,
  /** The first message. [200, version, program]; `program` is the version of the package. */
  hello: message(200, { version: u16, program }),
});
export type AttachCommand = MessageOf<typeof attachCommands>;

export const attachEvents = protocol('attach.events', {
  ...CLIENT_EVENTS,
  /**
   * The client's answer. [200, version, program, address, [tracker 1, tracker 2], pid, more]; `more`: its further
   * trackers, only to users of this version, and only where there are any.
   */
  hello: message(200, {
    version: u16,
    program,
    address,
    trackers: tuple(address, address),
    pid: u32,
    more: trailing(listOf(address, TRACKERS_MAX - 2)),
  }),
  /** Sent in place of a hello when there is no room; then the client hangs up. [201, code, sentence]. */
  turnedAway: message(201, { code: text(32), sentence: text(1_000) }),
});
export type AttachEvent = MessageOf<typeof attachEvents>;
export type AttachHello = Extract<AttachEvent, { kind: 'hello' }>;

export function isSameVersion(hello: { readonly version: number }): boolean {
  return hello.version === ATTACH_VERSION;
}

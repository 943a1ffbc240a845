// What people are told when two processes do not fit together: one is closed and the other is not, or of another swarm,
// or speaks another TLS. Pure.

import { command } from '../base/shell-line.js';
import { type KeyId, shortName } from '../identity/keys.js';
import type { Wire } from './passage.js';

/** Error codes of Node for what OpenSSL meets where no TLS is spoken. */
const IN_THE_CLEAR = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|RECORD_LAYER_FAILURE/;
const OTHER_PORT = /NO_APPLICATION_PROTOCOL/;
const OTHER_TLS = /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS_AVAILABLE/;

/** How the reason begins why a tracker is not used that answers, and refuses this client for good. */
export const REFUSED_BY_TRACKER = 'the tracker refused this connection: ';
/** The same of a tracker that this client refuses: it speaks in the clear, is of another swarm, or was withdrawn. */
export const REFUSED_BY_CLIENT = 'this client does not use that tracker: ';

/** Whether a tracker that is not used answers all the same, and was refused or has refused. */
export function isRefusal(reason: string): boolean {
  return reason.startsWith(REFUSED_BY_TRACKER) || reason.startsWith(REFUSED_BY_CLIENT);
}

/** Of a TLS handshake that failed; undefined for errors of the network, which say enough themselves. */
export function isTlsError(code: string | undefined): code is string {
  return code?.startsWith('ERR_SSL_') === true;
}

/** @param code as `isTlsError` takes it. @param at host and port. */
export function dialRefusal(code: string, at: string, { name }: Wire, swarm: string): string {
  if (IN_THE_CLEAR.test(code))
    return `${at} speaks in the clear, and this process belongs to swarm ${swarm} and does not; is that ${name} started without its identity?`;
  if (OTHER_PORT.test(code)) return `what answers at ${at} is no ${name} of a closed swarm; check the address`;
  if (OTHER_TLS.test(code)) return `${at} speaks no TLS 1.3; is it a ${name}?`;
  return `the TLS handshake with ${at} failed (${code}); is it a ${name} of this release?`;
}

/** Of whoever dialed us, for the log. @param code as `isTlsError` takes it. */
export function acceptRefusal(code: string, { name }: Wire): string {
  if (OTHER_PORT.test(code)) return `it looks for something else than a ${name} of a closed swarm`;
  if (OTHER_TLS.test(code)) return 'it speaks no TLS 1.3';
  return `its TLS handshake failed (${code})`;
}

/** In the clear, to somebody who knows nothing of closed swarms perhaps. */
export const PLAIN_REFUSAL = `this swarm is closed; ask its administrator for an invitation, then run ${command('join')} with it`;

/** @param other short name of the root over there; undefined: it did not say. */
export function otherSwarmSentence(at: string, { name }: Wire, own: KeyId, other: string | undefined): string {
  const roots = `its root is ${other ?? 'not told'}, yours is ${shortName(own)}`;
  return `the ${name} at ${at} is of another swarm (${roots}); check the trackers, or join that swarm with ${command('join')}`;
}

/** Short name of the root that a refusal of `judge` names. */
export function rootIn(sentence: string): string | undefined {
  return /root is ([a-z2-7]{8})\b/.exec(sentence)?.[1];
}

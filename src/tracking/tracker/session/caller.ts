// Who said hello on a connection, and at which address it is to be listed: its socket's, or one that it names itself.
// Pure.

import { isLoopback } from '../../../foundation/base/hosts.js';
import { canonicalHost, isDialable } from '../../../foundation/torrent/address.js';
import { type ClientId, clientId } from '../../../foundation/torrent/ids.js';
import { commonFeatures, type Features } from '../../../foundation/wire/features.js';
import type { Presence } from '../claims/presences.js';
import { OWN_FEATURES, TRACKER_FEATURES, type TrackerRequest } from '../messages.js';

export interface Caller {
  readonly id: ClientId;
  readonly host: string;
  readonly port: number;
  /** It named that host itself: it is listed there after it was reached there. */
  readonly isNamed: boolean;
  /** Undefined for a guest, whose id is zero: it may look, and is never listed. */
  readonly presence: Presence | undefined;
  /** Of ours, those that it named: what the first release does not know goes only to who named it. */
  readonly features: Features;
}

export interface Origin {
  readonly connection: number;
  readonly socketHost: string;
  /** Every host that is named is believed. */
  readonly trustHost: boolean;
  readonly nowMs: number;
}

export function isGuest(hello: Extract<TrackerRequest, { kind: 'hello' }>): boolean {
  return hello.clientId.every((byte) => byte === 0);
}

export function callerOf(hello: Extract<TrackerRequest, { kind: 'hello' }>, origin: Origin): Caller {
  const { connection, socketHost, trustHost, nowMs } = origin;
  const id = clientId(hello.clientId);
  const features = commonFeatures(hello.token, OWN_FEATURES);
  const names = features.has(TRACKER_FEATURES.namesAddress);
  const believed = trustHost ? canonicalHost(hello.host) : undefined;
  const named = names && believed === undefined ? dialableHost(hello.host, socketHost) : undefined;
  const host = believed ?? named ?? socketHost;
  const port = hello.uploadPort;
  const presence = { connection, client: id, host, port, greetedMs: nowMs, isTold: names };
  return { id, host, port, isNamed: named !== undefined, presence: isGuest(hello) ? undefined : presence, features };
}

/** Undefined when none is named, or one that no other machine can dial. A loopback is named from a loopback only. */
function dialableHost(text: string, source: string): string | undefined {
  const host = canonicalHost(text);
  if (host === undefined || !isDialable(host)) return undefined;
  return isLoopback(host) && !isLoopback(source) ? undefined : host;
}

// Who loses its place when all places for peers are taken and more peers are known: those that have nothing for us, or say nothing.
// Everyone asks the tracker when it starts and hears of those that were there, so without this the early ones keep to
// themselves, and what the late ones have goes nowhere. Pure.

import { PEER_PLACE_MIN_MS, PLACES_GIVEN_AT_ONCE } from '../base/limits.js';
import type { Peer } from './peer.js';

export function placesToGive(peers: Iterable<Peer>, nowMs: number): readonly Peer[] {
  const given: Peer[] = [];
  for (const peer of peers) {
    if (given.length === PLACES_GIVEN_AT_ONCE) break;
    const isNeeded = peer.claims.size > 0 || (peer.mayBeAsked && peer.useful > 0);
    // One that is being dialed has its own deadline.
    if (peer.phase === 'dialing' || peer.hangingUp || isNeeded) continue;
    if (nowMs - peer.greetedMs >= PEER_PLACE_MIN_MS) given.push(peer);
  }
  return given;
}

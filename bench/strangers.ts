// Who does not belong to a closed swarm and floods its tracker from one address, a process of its own: `node
// strangers.js FLOOD TRACKER IDENTITIES`. Goes on until its input ends, and then tells how often it came.

import { randomFillSync } from 'node:crypto';
import net from 'node:net';
import { noCard } from '../src/foundation/identity/card.js';
import { Credentials } from '../src/foundation/identity/credentials.js';
import { SecretKey } from '../src/foundation/identity/keys.js';
import { INVITATION_SECRET_SIZE } from '../src/foundation/identity/limits.js';
import { parseAddress } from '../src/foundation/torrent/address.js';
import { closedPassage } from '../src/foundation/wire/tls.js';
import { TRACKER_MAGIC, TRACKER_WIRE, trackerRequests } from '../src/tracking/tracker/messages.js';
import { memberOf } from './closed-swarm.js';
import { driven } from './faults-stage.js';

const OWN_HOST = '127.0.0.20';
const TICK_MS = 20;
const HANDSHAKES_PER_SECOND = 500;
/** Under way at once: a flood that waits in its own machine floods nobody. */
const AT_ONCE = 500;
const DRIPS = 2_000;
const DRIP_MS = 1_000;
const WRONG_INVITATIONS = 1_000;
/** The first of a TLS record, and what follows says nothing either. */
const HALF_OPEN = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00);

const [flood = '', trackerText = '', identities = ''] = process.argv.slice(2);
const tracker = parseAddress(trackerText);
if (tracker === undefined) throw new Error(`${trackerText} is no address`);
const { root } = await memberOf(identities, 'member-0');
const stranger = new Credentials({ swarm: 'none', root, secret: SecretKey.generate(), card: noCard() });
const passage = closedPassage(stranger, TRACKER_WIRE);

const counts = { came: 0, opened: 0 };
let underWay = 0;

/** A handshake without a card, and what is said when it is done; the end when nothing is. */
function shake(frame?: Uint8Array): void {
  if (tracker === undefined || underWay >= AT_ONCE) return;
  counts.came += 1;
  underWay += 1;
  const opened = (): void => {
    counts.opened += 1;
    if (frame === undefined) socket.destroy();
    else socket.write(Buffer.concat([TRACKER_MAGIC, frame]));
  };
  const socket = passage.dial(tracker, { ownHost: OWN_HOST, need: 'track' }, { opened, refused: () => undefined });
  socket.on('error', () => undefined);
  socket.on('data', () => socket.destroy());
  socket.on('close', () => {
    underWay -= 1;
  });
}

function drip(): void {
  if (tracker === undefined) return;
  counts.came += 1;
  const socket = net.connect({ ...tracker, localAddress: OWN_HOST });
  let at = 0;
  const timer = setInterval(() => {
    socket.write(HALF_OPEN.subarray(at % HALF_OPEN.length, (at % HALF_OPEN.length) + 1));
    at += 1;
  }, DRIP_MS);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(drip, DRIP_MS);
  });
}

function wrongInvitation(): Uint8Array {
  const secret = randomFillSync(new Uint8Array(INVITATION_SECRET_SIZE));
  return trackerRequests.framed({ kind: 'join', id: 1, secret, name: 'guess' });
}

/** So many in each tick, and no more than `most` in all. */
function inTicks(perTick: number, most: number, one: () => void): void {
  const timer = setInterval(() => {
    for (let at = 0; at < perTick && counts.came < most; at += 1) one();
    if (counts.came >= most) clearInterval(timer);
  }, TICK_MS);
}

const perTick = (HANDSHAKES_PER_SECOND * TICK_MS) / 1_000;
if (flood === 'handshakes') inTicks(perTick, Number.POSITIVE_INFINITY, () => shake());
else if (flood === 'drips') for (let at = 0; at < DRIPS; at += 1) drip();
else if (flood === 'invitations') inTicks(perTick, WRONG_INVITATIONS, () => shake(wrongInvitation()));
else throw new Error(`there is no flood ${flood}`);
driven(() => counts);

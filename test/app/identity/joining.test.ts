// A machine that joins, over real connections: the secret is said to no tracker that the root has not proved, and an
// answer that was lost anywhere on its way costs neither the key nor a use.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { Questions } from '../../../src/client/administration/questions.js';
import { noCard } from '../../../src/foundation/identity/card.js';
import { Credentials } from '../../../src/foundation/identity/credentials.js';
import { SecretKey } from '../../../src/foundation/identity/keys.js';
import { ROLES } from '../../../src/foundation/identity/powers.js';
import type { Address } from '../../../src/foundation/torrent/address.js';
import { closedPassage } from '../../../src/foundation/wire/tls.js';
import { SocketServer } from '../../../src/foundation/wire/transport.js';
import { TRACKER_WIRE } from '../../../src/tracking/tracker/messages.js';
import { ClosedStage, figuresOf } from '../../support/closed-stage.js';
import { ClosedSwarm } from '../../support/closed-swarm.js';

const HOST = '127.0.0.1';
/** Bytes of the answers between two places where they are cut: so few joins that none is refused as too many. */
const CUT_EVERY = 503;
const HOUR_S = 3_600;

test('C12: a tracker of another swarm hears no byte of a machine that joins', async (t) => {
  const [ours, theirs] = [new ClosedSwarm(), new ClosedSwarm('theirs')];
  const passage = closedPassage(theirs.tracker(), TRACKER_WIRE);
  let [opened, heard] = [0, 0];
  const server = new SocketServer({
    paused: true,
    onSocket: (raw) =>
      passage.accept(raw, {
        opened: (socket) => {
          opened += 1;
          socket.on('error', () => undefined);
          socket.on('data', (bytes: Buffer) => {
            heard += bytes.length;
          });
        },
        refused: () => undefined,
      }),
  });
  const port = await server.listen({ host: HOST, port: 0 });
  t.after(() => void server.close());
  const joining = new Questions(ours.stranger(), [{ host: HOST, port }]).join(new Uint8Array(16).fill(7), 'pod');
  await assert.rejects(joining, { code: 'NOT_ADMITTED', message: /is of another swarm/ });
  assert.deepEqual({ opened, heard }, { opened: 1, heard: 0 });
});

/** Passes everything on, but for what a tracker says behind so many bytes: then both ends are cut. */
async function cutting(t: TestContext, to: Address, bytesMax: number): Promise<{ port: number; isCut: () => boolean }> {
  let isCut = false;
  const server = net.createServer((near) => {
    const far = net.connect({ host: to.host, port: to.port });
    const end = (): void => void [near, far].map((each) => each.destroy());
    for (const each of [near, far]) each.on('error', end).on('close', end);
    near.on('data', (bytes) => void far.write(bytes));
    let said = 0;
    far.on('data', (bytes: Buffer) => {
      near.write(bytes.subarray(0, bytesMax - said));
      said += bytes.length;
      if (said < bytesMax) return;
      isCut = true;
      near.end(() => end());
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return { port: (server.address() as net.AddressInfo).port, isCut: () => isCut };
}

test('C12: an answer that is lost at any byte is asked for again by the same key, and is one use', async (t) => {
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const admin = swarm.member({ name: 'ada', role: 'admin' });
  const invite = { powers: ROLES.client, uses: 1, seconds: HOUR_S };
  let [members, lost] = [0, 0];
  for (let bytesMax = 1; ; bytesMax += CUT_EVERY) {
    const secret = await new Questions(admin, [address]).invite(invite);
    const key = SecretKey.generate();
    const who = (): Credentials =>
      new Credentials({ swarm: 'it joins', root: swarm.root.publicKey, secret: key, card: noCard() });
    const { port, isCut } = await cutting(t, address, bytesMax);
    const first = new Questions(who(), [{ host: HOST, port }]).join(secret, 'pod');
    const isLost = await first.then(
      () => false,
      () => true,
    );
    members += 1;
    if (!isLost && !isCut()) break;
    lost += 1;
    await new Questions(who(), [address]).join(secret, 'pod');
    const late = new Questions(swarm.stranger(), [address]).join(secret, 'late');
    await assert.rejects(late, { code: 'NOT_ADMITTED', message: /this invitation was used by pod/ });
  }
  assert.ok(lost >= 4, `${lost} answers were cut`);
  assert.equal(
    (await figuresOf(address, admin)).swarm.members - 1,
    members,
    'one member a use, beside the administrator',
  );
});

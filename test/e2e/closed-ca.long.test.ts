// Joining by another certificate authority, with real certificates and connections: a good chain and the word of the
// key that joins let in, and nothing less does; what the certificate names is made to fit.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { trackerPassage } from '../../src/client/administration/guest-passage.js';
import { Questions } from '../../src/client/administration/questions.js';
import { TrackerQuestion } from '../../src/client/administration/tracker-question.js';
import { readCard } from '../../src/foundation/identity/card.js';
import type { Credentials } from '../../src/foundation/identity/credentials.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { vouchingProof } from '../../src/foundation/identity/vouching.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { invitationIn, Machine } from '../support/closed-machine.js';
import { ClosedStage, newSwarm, otherMembers } from '../support/closed-stage.js';
import { stageSwarm } from '../support/e2e-stage.js';
import { hasTool } from '../support/needs.js';
import { type Issued, OtherAuthority } from '../support/other-authority.js';

const REFUSED = 8;

async function staged(t: TestContext, isTold = true) {
  const [stage, swarm] = [await ClosedStage.begin(t), newSwarm()];
  const corp = new OtherAuthority(stage.directory);
  const joinCa = isTold ? { pem: corp.pem, powers: ROLES.reader } : undefined;
  await stage.tracker(0, swarm.tracker(), undefined, { joinCa });
  const join = async (shown: Pick<Issued, 'chain' | 'key'>, who: Credentials = swarm.stranger()) => {
    const { card } = await new Questions(who, [stage.addresses[0]]).joinByCa(shown, 'pod');
    const read = readCard(card, swarm.root.publicKey);
    assert.ok(read?.kind === 'member');
    return read.member;
  };
  return { stage, swarm, corp, join };
}

test('C24: a good chain and the word of the key that joins make a member, whatever kind of key the authority has', async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const { stage, swarm, corp, join } = await staged(t);
  for (const kind of ['EC', 'RSA'] as const) {
    const { name, powers } = await join(corp.issue({ kind, host: `Pod-${kind}.corp.example` }));
    assert.deepEqual([name, powers], [`pod-${kind.toLowerCase()}.corp.example`, ROLES.reader]);
  }
  assert.equal(await otherMembers(stage.addresses[0], swarm.member()), 2, 'a member asks as ever');
});

test('C24: a chain that has ended, of another authority or of nobody, and one at a tracker that knows none, are refused', async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const { corp, join, stage, swarm } = await staged(t);
  const foreign = new OtherAuthority(stage.directory, 'foreign').issue();
  const wrong = { code: 'NOT_ADMITTED', message: /not of the authority by which this tracker admits, or good no more/ };
  await assert.rejects(join(corp.issue({ days: -1 })), { ...wrong, message: /CERT_HAS_EXPIRED/ });
  await assert.rejects(join(foreign), wrong);
  await assert.rejects(join({ chain: `${foreign.chain}${corp.pem}`, key: foreign.key }), wrong);
  assert.equal(await otherMembers(stage.addresses[0], swarm.member()), 0);
  const untold = await staged(t, false);
  const none = { code: 'NOT_ADMITTED', message: /it showed no certificate, so it is of no swarm/ };
  await assert.rejects(untold.join(untold.corp.issue()), none);
});

test("C24: another connection's proof, and a certificate alone, let nobody in", async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const { stage, swarm, corp } = await staged(t);
  const shown = corp.issue();
  const who = swarm.stranger();
  const opened = async (): Promise<{ question: TrackerQuestion; exported: Uint8Array }> => {
    let exported: Uint8Array = new Uint8Array(0);
    const onExported = (bytes: Uint8Array): void => {
      exported = bytes;
    };
    const question = new TrackerQuestion(stage.addresses[0], trackerPassage(who, { ...shown, onExported }));
    t.after(() => question.hangUp());
    await question.opened();
    return { question, exported };
  };
  const [one, other] = [await opened(), await opened()];
  assert.notDeepEqual(one.exported, other.exported);
  const wish = { kind: 'joinByCa', key: who.publicKey, name: 'pod' } as const;
  const replayed = vouchingProof(swarm.root.publicKey, one.exported, who);
  const refused = { code: 'NOT_ADMITTED', message: /nothing proves that this certificate and the key/ };
  for (const proof of [replayed, new Uint8Array(64)])
    await assert.rejects(other.question.ask({ ...wish, proof }, 'admitted'), refused);
  const good = await one.question.ask({ ...wish, proof: replayed }, 'admitted');
  assert.equal(good.kind, 'admitted');
});

test('C24: whatever a certificate names becomes a name that is like no other', async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const { corp, join } = await staged(t);
  for (const [host, expected] of [
    ['a\0b.example', 'a-b.example'],
    ['a", DNS:admin', 'a-dns-admin'],
    ['x, DNS:y', 'x-dns-y'],
    ['\xff\xfe', 'member'],
    ['a\0b.example', 'a-b.example-2'],
  ] as const)
    assert.equal((await join(corp.issue({ host }))).name, expected);
});

test('C24: one line without a secret lets in every machine with a certificate of the authority that a tracker was told', async (t) => {
  if (!hasTool(t, 'openssl', 'version')) return;
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress) as [string, string];
  const first = await Machine.make(t, swarm.directory, 'node1');
  const corp = new OtherAuthority(first.directory);
  await first.succeed('swarm', 'init', 'lab', one, two);
  const told = ['--join-ca', corp.certPath, '--join-ca-role', 'client'];
  await first.start('tracker', one, two, 'seeders.db', 'tracker.log', ...told).line(/^TRACKER LISTENING/);
  const line = invitationIn(await first.succeed('swarm', 'invite', '--by-ca'));
  const { certPath, keyPath } = corp.issue({ host: 'build-7.corp.example' });
  const pod = await Machine.make(t, swarm.directory, 'pod');
  const shown = ['--cert', certPath, '--key', keyPath];
  assert.match(await pod.succeed('join', line, ...shown), /^joined swarm lab as client build-7\.corp\.example/);
  assert.match(await first.succeed('swarm', 'members'), /^build-7\.corp\.example +[a-z2-7]{8} +client /m);
  const late = await Machine.make(t, swarm.directory, 'late');
  const ended = corp.issue({ days: -1 });
  const refused = await late.run('join', line, '--cert', ended.certPath, '--key', ended.keyPath);
  assert.equal(refused.code, REFUSED, refused.stderr);
  const bare = await late.run('join', line);
  assert.match(bare.stderr, /this line lets in whom another authority vouches for; .*--cert FILE --key FILE/);
  const swapped = await late.run('join', line, '--cert', certPath, '--key', ended.keyPath);
  assert.match(swapped.stderr, /is not the key of the first certificate in/);
});

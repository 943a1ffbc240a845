// What a member keeps of what its trackers told: it holds without them and over restarts, the better card is used, and
// what is damaged or of somebody else is told and ignored.

import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { cardNotice } from '../../../src/client/state/member-keeper.js';
import { loadMemberState, memberDirectory, saveMemberState } from '../../../src/client/state/member-state.js';
import type { Credentials } from '../../../src/foundation/identity/credentials.js';
import { CARD_LIFE_S, SAID_AT_S, SmallSwarm } from '../../support/small-swarm.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const swarm = new SmallSwarm();
const EVE = swarm.member('eve@lab').id;
const ada = (): Credentials => swarm.member('ada@lab');

async function troubles(directory: string, member: Credentials): Promise<readonly string[]> {
  return (await loadMemberState(directory, member)).sentences;
}

/** With a card that was made so many seconds after that of the identity. */
function withCard(afterS: number): Credentials {
  const member = ada();
  member.card = swarm.card('ada@lab', { saidAtS: SAID_AT_S + afterS });
  return member;
}

test('what a member learned is there after a restart, in files that only its user may read', async (t) => {
  const directory = memberDirectory(join(await temporaryDirectory(t), 'swarm'), ada());
  const before = ada();
  before.standing.bans.add({ member: EVE, version: 3, isBanned: true });
  before.standing.withdraw(swarm.withdrawal(1));
  const card = swarm.card('ada@lab', { saidAtS: SAID_AT_S + 86_400 });
  before.card = card;
  await saveMemberState(directory, before);
  const after = ada();
  assert.deepEqual(await troubles(directory, after), []);
  assert.deepEqual(Buffer.from(after.card), Buffer.from(card));
  assert.deepEqual([...after.standing.bans], [{ member: EVE, version: 3, isBanned: true }]);
  assert.deepEqual(after.standing.bans.digest(), before.standing.bans.digest());
  assert.equal(after.standing.withdrawals.length, 1);
  for (const name of await readdir(directory)) assert.equal((await stat(join(directory, name))).mode & 0o077, 0);
});

test('nothing is there before the first news, and that is no trouble', async (t) => {
  const member = ada();
  assert.deepEqual(await troubles(join(await temporaryDirectory(t), 'none'), member), []);
  assert.deepEqual([...member.standing.bans], []);
});

test('the card that is good for longer counts, wherever it lies', async (t) => {
  const directory = await temporaryDirectory(t);
  await saveMemberState(directory, withCard(-86_400));
  const member = ada();
  const own = member.card;
  assert.deepEqual(await troubles(directory, member), []);
  assert.equal(member.card, own);
});

test('each damaged file is told and ignored, and the other one counts', async (t) => {
  const directory = await temporaryDirectory(t);
  const bans = { version: 1, bans: [[EVE, 1, true]], withdrawals: [] };
  const card = (bytes: Uint8Array): object => ({ version: 1, card: Buffer.from(bytes).toString('base64') });
  const cases: readonly (readonly [name: string, text: string])[] = [
    ['card', ''],
    ['card', '{"version":1,"card":"AAAA"}'],
    ['card', '{"version":2}'],
    ['card', JSON.stringify(card(swarm.card('eve@lab')))],
    ['card', JSON.stringify(card(new SmallSwarm(2).card('ada@lab')))],
    ['card', JSON.stringify(card(swarm.tracker(0).card))],
    ['bans', '[]'],
    ['bans', '{"version":1,"bans":{},"withdrawals":[]}'],
    ['bans', JSON.stringify(bans).slice(0, 40)],
    ['bans', '{"version":1,"bans":[["zz",1,true]],"withdrawals":[]}'],
    ['bans', '{"version":1,"bans":[],"withdrawals":[7]}'],
  ];
  for (const [name, text] of cases) {
    await writeFile(
      join(directory, 'card'),
      JSON.stringify(card(swarm.card('ada@lab', { saidAtS: SAID_AT_S + 86_400 }))),
    );
    await writeFile(join(directory, 'bans'), JSON.stringify(bans));
    await writeFile(join(directory, name), text);
    const member = ada();
    const own = member.card;
    const [sentence, ...more] = await troubles(directory, member);
    assert.match(sentence ?? '', new RegExp(`${name} is damaged and is not used; a tracker tells again`), text);
    assert.deepEqual(more, []);
    assert.equal(member.card === own, name === 'card');
    assert.equal(member.standing.bans.isBanned(EVE), name === 'card');
  }
});

test('processes of one user share it: bans are merged, and no older card replaces a newer one, in any order', async (t) => {
  const ids = Array.from({ length: 12 }, (_, number) => swarm.member(`m${number}@lab`).id);
  const directory = await temporaryDirectory(t);
  // Each a process that knows a ban and a card of its own, all at once.
  await Promise.all(
    ids.map(async (member, number) => {
      const process = withCard(((number * 5) % 12) * 86_400);
      process.standing.bans.add({ member, version: 1, isBanned: true });
      await saveMemberState(directory, process);
    }),
  );
  const old = ada();
  await saveMemberState(directory, old);
  const after = ada();
  assert.deepEqual(await troubles(directory, after), []);
  for (const member of ids) assert.ok(after.standing.bans.isBanned(member));
  assert.deepEqual(Buffer.from(after.card), Buffer.from(withCard(11 * 86_400).card));
  assert.deepEqual((await readdir(directory)).map((name) => name.split('.')[0]).sort(), ['bans', 'card']);
});

test('a save answers what others had heard first, and a card of a withdrawn tracker replaces none', async (t) => {
  const directory = await temporaryDirectory(t);
  const before = withCard(86_400);
  before.standing.bans.add({ member: EVE, version: 2, isBanned: true });
  await saveMemberState(directory, before);
  const late = ada();
  const learned = await saveMemberState(directory, late);
  assert.equal(learned.hasNewCard, true);
  assert.deepEqual(learned.bans, [{ member: EVE, version: 2, isBanned: true }]);
  assert.equal((await saveMemberState(directory, late)).hasNewCard, false);
  const told = ada();
  told.standing.withdraw(swarm.withdrawal(0));
  const other = swarm.card('ada@lab', { saidAtS: SAID_AT_S + 3_600, tracker: 1 });
  told.card = other;
  await saveMemberState(directory, told);
  const after = ada();
  await loadMemberState(directory, after);
  assert.deepEqual(Buffer.from(after.card), Buffer.from(other));
});

test('what a later release wrote is told, and stays', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'bans.0123456789abcdef'), '{"version":2}');
  const [sentence] = (await saveMemberState(directory, ada())).sentences;
  assert.match(sentence ?? '', /bans\.0123456789abcdef is damaged and is not used/);
  assert.ok((await readdir(directory)).includes('bans.0123456789abcdef'));
});

test('what is no file is told and ignored', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'bans'));
  const [sentence] = await troubles(directory, ada());
  assert.match(sentence ?? '', /bans.* a tracker tells again what was in it/);
});

test('identities do not share a directory', () => {
  const places = [ada(), swarm.member('bob@lab'), new SmallSwarm(2).member('ada@lab')].map((member) =>
    memberDirectory('/x', member),
  );
  assert.equal(new Set(places).size, 3);
});

test('a user hears the date on which the card runs out when nobody renewed it for seven days, by the tracker’s clock', () => {
  const member = ada();
  const week = SAID_AT_S + CARD_LIFE_S / 2;
  assert.equal(cardNotice(member, week - 60, 0), undefined);
  assert.match(cardNotice(member, week + 60, 0) ?? '', /since 2026-05-28; it runs out on 2026-06-11/);
  assert.match(cardNotice(member, week + CARD_LIFE_S, 0) ?? '', /it ran out on 2026-06-11/);
  // Its own clock is years ahead.
  member.trackerClock.heard(SAID_AT_S + 60, 0);
  assert.equal(cardNotice(member, week + 10 * CARD_LIFE_S, 1_000), undefined);
  assert.equal(cardNotice(swarm.tracker(0), week + CARD_LIFE_S, 0), undefined);
});

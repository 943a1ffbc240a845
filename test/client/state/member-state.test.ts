// What a member keeps of what its trackers told: it holds without them and over restarts, the better card is used, and
// what is damaged or of somebody else is told and ignored.

import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { cardNotice } from '../../../src/client/state/member-keeper.js';
import { loadMemberState, memberDirectory, saveBans, saveCard } from '../../../src/client/state/member-state.js';
import type { Credentials } from '../../../src/foundation/identity/credentials.js';
import { CARD_LIFE_S, SAID_AT_S, SmallSwarm } from '../../support/small-swarm.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const swarm = new SmallSwarm();
const EVE = swarm.member('eve@lab').id;
const ada = (): Credentials => swarm.member('ada@lab');

test('what a member learned is there after a restart, in files that only its user may read', async (t) => {
  const directory = memberDirectory(join(await temporaryDirectory(t), 'swarm'), ada());
  const before = ada();
  before.standing.bans.add({ member: EVE, version: 3, isBanned: true });
  before.standing.withdraw(swarm.withdrawal(1));
  const card = swarm.card('ada@lab', { saidAtS: SAID_AT_S + 86_400 });
  await saveCard(directory, card);
  await saveBans(directory, before);
  const after = ada();
  assert.deepEqual(await loadMemberState(directory, after), []);
  assert.deepEqual(Buffer.from(after.card), Buffer.from(card));
  assert.deepEqual([...after.standing.bans], [{ member: EVE, version: 3, isBanned: true }]);
  assert.deepEqual(after.standing.bans.digest(), before.standing.bans.digest());
  assert.equal(after.standing.withdrawals.length, 1);
  for (const name of await readdir(directory)) assert.equal((await stat(join(directory, name))).mode & 0o077, 0);
});

test('nothing is there before the first news, and that is no trouble', async (t) => {
  const member = ada();
  assert.deepEqual(await loadMemberState(join(await temporaryDirectory(t), 'none'), member), []);
  assert.deepEqual([...member.standing.bans], []);
});

test('the card that is good for longer counts, wherever it lies', async (t) => {
  const directory = await temporaryDirectory(t);
  await saveCard(directory, swarm.card('ada@lab', { saidAtS: SAID_AT_S - 86_400 }));
  const member = ada();
  const own = member.card;
  assert.deepEqual(await loadMemberState(directory, member), []);
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
    await saveCard(directory, swarm.card('ada@lab', { saidAtS: SAID_AT_S + 86_400 }));
    await writeFile(join(directory, 'bans'), JSON.stringify(bans));
    await writeFile(join(directory, name), text);
    const member = ada();
    const own = member.card;
    const [sentence, ...more] = await loadMemberState(directory, member);
    assert.match(sentence ?? '', new RegExp(`${name} is damaged and is not used; a tracker tells again`), text);
    assert.deepEqual(more, []);
    assert.equal(member.card === own, name === 'card');
    assert.equal(member.standing.bans.isBanned(EVE), name === 'card');
  }
});

test('what is no file is told and ignored', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'bans'));
  const [sentence] = await loadMemberState(directory, ada());
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

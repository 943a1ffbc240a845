// A closed swarm as people make it: from nothing to a second machine's finished download by nine commands and one
// pasted line a machine. Whoever does not belong gets nothing, and is told why and what to do.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { invitationIn, Machine } from '../support/closed-machine.js';
import type { CommandRun } from '../support/command-run.js';
import { eventually, PIECE, stageSwarm } from '../support/e2e-stage.js';

const DEADLINE_MS = 60_000;
const REFUSED = 8;
const EXISTS = 13;
const NO_TRACKER = 6;
const TIMED_OUT = 14;

/** As the help writes them. */
const INIT = 'swarm init lab 192.0.2.11:7001 192.0.2.12:7001';
const INVITE_MANY = 'swarm invite --role reader --uses 200 --for 24h';
const ENROLL = 'swarm enroll pods --role reader --out pods';
const JOIN = 'join mtj1aebagba…';

/** The words of a line of the help, each of those in `own` replaced. */
function words(line: string, own: Readonly<Record<string, string>> = {}): readonly string[] {
  return line.split(' ').map((word) => own[word] ?? word);
}

interface Lab {
  readonly machine: (name: string) => Promise<Machine>;
  readonly first: Machine;
  readonly second: Machine;
  readonly trackers: readonly [string, string];
  /** Both, running. */
  readonly running: readonly [CommandRun, CommandRun];
  /** Commands typed so far. */
  readonly typed: () => number;
}

/** A swarm with both trackers. */
async function makeLab(t: TestContext): Promise<Lab> {
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress) as [string, string];
  const machine = (name: string): Promise<Machine> => Machine.make(t, swarm.directory, name);
  const [first, second] = [await machine('node1'), await machine('node2')];
  let typed = 0;
  const counted = async <T>(what: Promise<T>): Promise<T> => {
    typed += 1;
    return what;
  };
  await counted(first.succeed(...words(INIT, { '192.0.2.11:7001': one, '192.0.2.12:7001': two })));
  const trackerOne = first.start('tracker', one, two, 'seeders.db', 'tracker.log');
  await counted(trackerOne.line(/^TRACKER LISTENING/));
  const line = invitationIn(await counted(first.succeed('swarm', 'invite', '--role', 'tracker')));
  await counted(second.succeed(...words(JOIN, { 'mtj1aebagba…': line })));
  const trackerTwo = second.start('tracker', two, one, 'seeders.db', 'tracker.log');
  await counted(trackerTwo.line(/^TRACKER LISTENING/));
  return { machine, first, second, trackers: [one, two], running: [trackerOne, trackerTwo], typed: () => typed };
}

async function joined(lab: Lab, name: string): Promise<Machine> {
  const machine = await lab.machine(name);
  await machine.succeed('join', invitationIn(await lab.first.succeed('swarm', 'invite')));
  return machine;
}

test('trackers that are set are asked in place of those of the identity, and an invitation leads to them', async (t) => {
  const swarm = await stageSwarm(t);
  const [one, two] = swarm.trackers.map(formatAddress) as [string, string];
  const first = await Machine.make(t, swarm.directory, 'node1');
  // Privileged ports, at which nobody listens: the swarm's trackers have moved from there.
  await first.succeed(...words(INIT, { '192.0.2.11:7001': '127.0.0.1:1', '192.0.2.12:7001': '127.0.0.1:2' }));
  await first.start('tracker', one, two, 'seeders.db', 'tracker.log').line(/^TRACKER LISTENING/);
  assert.equal((await first.run('swarm', 'invite')).code, NO_TRACKER);
  const now = { MTORRENT_TRACKERS: `${one},${two}` };
  const status = first.startWith(now, 'swarm', 'status');
  assert.equal(await status.exited, 0, status.stderr);
  assert.match(status.lines.join('\n'), new RegExp(`^tracker ${one}: \\S+ \\(\\S+\\) answers$`, 'm'));
  const invite = first.startWith(now, 'swarm', 'invite');
  assert.equal(await invite.exited, 0, invite.stderr);
  const second = await Machine.make(t, swarm.directory, 'node2');
  const joinedText = await second.succeed('join', invitationIn(invite.lines.join('\n')));
  assert.match(joinedText, new RegExp(`^joined swarm lab .* its trackers are ${one} and ${two}$`, 'm'));
  const members = first.startWith(now, 'swarm', 'members');
  assert.equal(await members.exited, 0, members.stderr);
});

/** What all processes of that machine's user know of who is shut out, as it lies on its disk. */
function keptBans(machine: Machine): string {
  return keptFiles(machine)
    .filter((path) => /\/bans\.[0-9a-f]+$/.test(path))
    .map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : ''))
    .join('');
}

function keptFiles({ directory }: Machine): readonly string[] {
  const base = join(directory, 'state/mtorrent/swarm');
  if (!existsSync(base)) return [];
  return readdirSync(base).flatMap((identity) =>
    readdirSync(join(base, identity)).map((name) => join(base, identity, name)),
  );
}

/** What a get ends with once a tracker has answered it: how long that takes is up to the machine. */
async function answered(machine: Machine, ...words: readonly string[]): ReturnType<Machine['run']> {
  for (let seconds = 5; ; seconds *= 4) {
    const outcome = await machine.run('get', ...words, '--timeout', `${seconds}s`);
    if (![NO_TRACKER, TIMED_OUT].includes(outcome.code) || seconds * 1_000 > DEADLINE_MS) return outcome;
  }
}

/** Shares a file of the first machine; its path and that of its .mtorrent. */
async function shared(lab: Lab, pieces: number): Promise<{ source: string; mtorrent: string; sharing: CommandRun }> {
  const source = join(lab.first.directory, 'model.bin');
  await writeFile(source, Buffer.alloc(pieces * PIECE, 'model'));
  const sharing = lab.first.start('share', 'model.bin');
  await sharing.line(/model\.bin\.mtorrent/, DEADLINE_MS);
  return { source, mtorrent: `${source}.mtorrent`, sharing };
}

test('B2: nine commands and one pasted line a machine lead from nothing to a finished download on another machine', async (t) => {
  const lab = await makeLab(t);
  const line = invitationIn(await lab.first.succeed('swarm', 'invite'));
  const third = await lab.machine('node3');
  assert.match(await third.succeed('join', line), /^joined swarm lab as client \S+@/);
  const { source, mtorrent } = await shared(lab, 3);
  await copyFile(mtorrent, join(third.directory, 'model.bin.mtorrent'));
  const got = await third.succeed('get', 'model.bin.mtorrent', '.');
  assert.equal(await sha256OfFile(got), await sha256OfFile(source));
  assert.ok(lab.typed() + 4 <= 9, 'invite, join, share and get come behind those that made the swarm');
  const members = await lab.first.succeed('swarm', 'members');
  assert.match(members, /^\S+@\S+ +[a-z2-7]{8} +admin /m);
  assert.match(members, /^\S+@\S+ +[a-z2-7]{8} +client /m);
  assert.match(await third.succeed('swarm', 'status'), /this machine is client \S+@[\s\S]*its card is good until/);
  assert.match(await third.succeed('list'), /^model\.bin .*mtorrent:/m);
});

test('C12: an invitation is good once, and whoever comes second hears who used it and how to ban him', async (t) => {
  const lab = await makeLab(t);
  const line = invitationIn(await lab.first.succeed('swarm', 'invite'));
  await (await lab.machine('node3')).succeed('join', line);
  const late = await (await lab.machine('node4')).run('join', line);
  assert.equal(late.code, REFUSED, late.stderr);
  assert.match(late.stderr, /this invitation was used by \S+@\S+ from 127\.0\.0\.1 at .*: mtorrent swarm ban \S+@/);
  const mistyped = await (await lab.machine('node5')).run('join', line.slice(0, -1) + (line.endsWith('a') ? 'b' : 'a'));
  assert.notEqual(mistyped.code, 0);
  assert.match(mistyped.stderr, /this is no invitation: .*copy the whole line again/);
});

test('C10: a machine without an identity gets nothing from a closed swarm, and is told what to do', async (t) => {
  const lab = await makeLab(t);
  const { mtorrent } = await shared(lab, 2);
  const stranger = await lab.machine('stranger');
  await copyFile(mtorrent, join(stranger.directory, 'x.mtorrent'));
  const { code, stderr } = await answered(stranger, 'x.mtorrent', '.');
  assert.equal(code, REFUSED, stderr);
  assert.match(stderr, /this swarm is closed; ask its administrator for an invitation, then run mtorrent join with it/);
});

test('C15: a banned member is cut off and let in nowhere again; the ban outlives the trackers', async (t) => {
  const lab = await makeLab(t);
  const { mtorrent } = await shared(lab, 40);
  const bob = await joined(lab, 'node3');
  await copyFile(mtorrent, join(bob.directory, 'model.bin.mtorrent'));
  // Slower than all that is done meanwhile.
  const getting = bob.start('get', 'model.bin.mtorrent', '.', '--download-limit', '200k', '--timeout', '25s');
  const part = join(bob.directory, 'model.bin.part');
  await eventually(
    () => (existsSync(part) ? statSync(part).blocks : 0),
    (blocks) => blocks > 0,
    'the download has begun',
  );
  const name = /^(\S+@\S+) +\S+ +client /m.exec(await lab.first.succeed('swarm', 'members'))?.[1] ?? '';
  assert.match(await lab.first.succeed('swarm', 'ban', name), /is banned: both trackers know/);
  assert.notEqual(await getting.exited, 0);
  assert.equal(existsSync(join(bob.directory, 'model.bin')), false);
  // Every later process of whoever heard it knows, although its trackers may be away by then.
  await eventually(
    () => keptBans(lab.first),
    (kept) => kept.includes('true'),
    'the ban is written down',
  );
  const key = readFileSync(join(lab.first.identity, 'identity.key'), 'latin1').split('\n')[1] ?? '';
  assert.equal(keptBans(lab.first).includes(key), false, 'the key lies with the identity alone');
  const again = await answered(bob, 'model.bin.mtorrent', '.');
  assert.equal(again.code, REFUSED, again.stderr);
  assert.match(again.stderr, /is banned from this swarm; ask its administrator/);
  assert.match(await lab.first.succeed('swarm', 'members'), new RegExp(`^${name} .*banned`, 'm'));
});

test('C15: a tracker that was away when somebody was banned and invited knows of both when it is back', async (t) => {
  const lab = await makeLab(t);
  const { mtorrent } = await shared(lab, 2);
  const bob = await joined(lab, 'node3');
  await copyFile(mtorrent, join(bob.directory, 'x.mtorrent'));
  lab.running[1].kill('SIGKILL');
  await lab.running[1].exited;
  const name = /^(\S+@\S+) +\S+ +client /m.exec(await lab.first.succeed('swarm', 'members'))?.[1] ?? '';
  assert.match(await lab.first.succeed('swarm', 'ban', name), /does not answer: it is told when it is back/);
  const line = invitationIn(await lab.first.succeed('swarm', 'invite'));
  const [one, two] = lab.trackers;
  const back = lab.second.start('tracker', two, one, 'seeders.db', 'tracker.log');
  await back.line(/^TRACKER LISTENING/);
  const figures = async (): Promise<string> => {
    const { stdout } = await lab.first.run('tracker-status', two, '--json');
    const { swarm } = JSON.parse(stdout) as { swarm?: { banned: number; invitations: number } };
    return `${swarm?.banned} ${swarm?.invitations}`;
  };
  await eventually(figures, (found) => /^1 [1-9]/.test(found), 'the second tracker has been told', DEADLINE_MS);
  lab.running[0].kill('SIGKILL');
  await lab.running[0].exited;
  await (await lab.machine('node4')).succeed('join', line);
  const { code, stderr } = await answered(bob, 'x.mtorrent', '.');
  assert.equal(code, REFUSED, stderr);
  assert.match(stderr, /is banned from this swarm/);
});

test('C20: no key and no secret is in a log, a list, a statistic or an environment', async (t) => {
  const lab = await makeLab(t);
  const line = invitationIn(await lab.first.succeed('swarm', 'invite'));
  const third = await lab.machine('node3');
  await third.succeed('join', line);
  const secrets = ['identity.key', 'tracker.key', 'root.key']
    .map((file) => join(lab.first.identity, file))
    .filter(existsSync)
    .map((path) => readFileSync(path, 'latin1').split('\n')[1] ?? '');
  assert.equal(secrets.length, 3);
  const shown = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => [`/proc/${entry}/environ`, `/proc/${entry}/cmdline`])
    .map((path) => {
      try {
        return readFileSync(path, 'latin1');
      } catch {
        // It ended, or belongs to somebody else.
        return '';
      }
    });
  const written = ['seeders.db', 'tracker.log'].map((file) => readFileSync(join(lab.first.directory, file), 'latin1'));
  const seen = [...written, ...shown].join('\n');
  const status = await third.succeed('swarm', 'status');
  for (const secret of [...secrets, line.slice(60)])
    for (const [where, text] of [
      ['what the tracker wrote, or a process shows', seen],
      ['status', status],
    ] as const)
      assert.equal(text.includes(secret), false, where);
});

test('an identity is made for many machines at once, and one line lets in as many as it says', async (t) => {
  const lab = await makeLab(t);
  const { source, mtorrent } = await shared(lab, 2);
  await lab.first.succeed(...words(ENROLL));
  const pods = join(lab.first.directory, 'pods');
  const key = readFileSync(join(pods, 'identity.key'));
  assert.equal(statSync(join(pods, 'identity.key')).mode & 0o077, 0);
  assert.equal((await lab.first.run(...words(ENROLL))).code, EXISTS, 'a deployment has its keys for good');
  assert.deepEqual(readFileSync(join(pods, 'identity.key')), key);
  const both = [await lab.machine('pod1'), await lab.machine('pod2')];
  const what = ['x.mtorrent', '.', '--identity', pods];
  for (const pod of both) {
    await copyFile(mtorrent, join(pod.directory, 'x.mtorrent'));
    const got = await pod.succeed('get', ...what, '--timeout', '60s');
    assert.equal(await sha256OfFile(got), await sha256OfFile(source));
    await rm(got);
  }
  await lab.first.succeed('swarm', 'ban', 'pods');
  for (const pod of both) assert.equal((await answered(pod, ...what)).code, REFUSED, 'one ban ends them all');

  const line = invitationIn(await lab.first.succeed(...words(INVITE_MANY, { 200: '2' })));
  for (const name of ['node3', 'node4']) await (await lab.machine(name)).succeed('join', line);
  const late = await lab.machine('node5');
  assert.equal((await late.run('join', line)).code, REFUSED);
  const node3 = await lab.machine('node3');
  assert.equal((await node3.run('swarm', 'enroll', 'more', '--out', 'more')).code, REFUSED, 'only an administrator');
  assert.equal(existsSync(join(node3.directory, 'more', 'identity.card')), false);
  for (const tracker of lab.running) tracker.kill('SIGKILL');
  assert.equal((await lab.first.run(...words(ENROLL))).code, EXISTS, 'said before an invitation is asked for');
});

test('C8: who signed a .mtorrent is told; a changed or unsigned one is refused where that is wanted, with its reason', async (t) => {
  const lab = await makeLab(t);
  const source = join(lab.first.directory, 'model.bin');
  await writeFile(source, Buffer.alloc(2 * PIECE, 'model'));
  const pair = lab.trackers.flatMap((tracker) => ['-t', tracker]);
  await lab.first.succeed('create', 'model.bin', '-o', 'signed.mtorrent', '--sign', ...pair);
  await lab.first.start('share', 'model.bin', '-o', 'plain.mtorrent').line(/plain\.mtorrent/, DEADLINE_MS);
  const bob = await joined(lab, 'node3');
  const bring = async (name: string): Promise<void> =>
    copyFile(join(lab.first.directory, name), join(bob.directory, name));
  await bring('signed.mtorrent');
  await bring('plain.mtorrent');
  assert.match(await bob.succeed('info', 'signed.mtorrent'), /^signed +\S+@\S+ \([a-z2-7]{8}\) on \d{4}-\d\d-\d\d$/m);
  const strict = ['--require-signature', 'yes', '--timeout', '60s'];
  const good = await bob.run('get', 'signed.mtorrent', 'good.bin', ...strict);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stderr, /signed\.mtorrent is signed by \S+@\S+ \([a-z2-7]{8}\) on /);
  assert.equal(await sha256OfFile(join(bob.directory, 'good.bin')), await sha256OfFile(source));

  const unsigned = await bob.run('get', 'plain.mtorrent', 'plain.bin', ...strict);
  assert.equal(unsigned.code, 10, unsigned.stderr);
  assert.match(unsigned.stderr, /plain\.mtorrent is not signed; .*allow it once with --require-signature no/);
  const text = readFileSync(join(bob.directory, 'signed.mtorrent'), 'latin1');
  await writeFile(join(bob.directory, 'changed.mtorrent'), text.replace(/^model\.bin$/m, 'other.bin'), 'latin1');
  const changed = await bob.run('get', 'changed.mtorrent', 'changed.bin', '--timeout', '60s');
  assert.equal(changed.code, 10, changed.stderr);
  assert.match(
    changed.stderr,
    /changed\.mtorrent was changed after \S+@\S+ signed it; ask its sender for a fresh copy/,
  );
  for (const name of ['plain.bin', 'changed.bin', 'changed.bin.part'])
    assert.equal(existsSync(join(bob.directory, name)), false, name);

  const mayNot = await bob.run('sign', 'signed.mtorrent');
  assert.equal(mayNot.code, REFUSED, mayNot.stderr);
  assert.match(mayNot.stderr, /may not sign in this swarm; ask its administrator for an invitation as publisher/);
  const early = await bob.run('share', 'good.bin', '-o', 'mine.mtorrent', '--sign');
  assert.equal(early.code, REFUSED, early.stderr);
  assert.equal(existsSync(join(bob.directory, 'mine.mtorrent')), false);
  await lab.first.succeed('sign', 'signed.mtorrent');
});

test('a tracker that was told how long cards are good gives such cards to who joins', async (t) => {
  const lab = await makeLab(t);
  const [trackerOne, trackerTwo] = lab.running;
  for (const each of [trackerOne, trackerTwo]) {
    each.kill('SIGTERM');
    await each.exited;
  }
  const [one, two] = lab.trackers;
  const again = lab.first.start('tracker', one, two, 'seeders.db', 'tracker.log', '--card-life', '3d');
  await again.line(/^TRACKER LISTENING/);
  const bob = await joined(lab, 'node3');
  const status = await bob.succeed('swarm', 'status', '--json');
  const goodUntilS = Number(/"goodUntilS":\s*(\d+)/.exec(status)?.[1]);
  const days = (goodUntilS - Date.now() / 1000) / 86_400;
  assert.ok(days > 2.9 && days <= 3.1, status);
});

test('share signs on request, or always where the setting says so, and says no for one of them', async (t) => {
  const lab = await makeLab(t);
  await writeFile(join(lab.first.directory, 'model.bin'), Buffer.alloc(PIECE + 5, 'model'));
  const always = { MTORRENT_SIGN: 'yes' };
  const signers = /^signed +\S+@\S+ \([a-z2-7]{8}\) on /m;
  for (const [name, words, env, isSigned] of [
    ['asked', ['--sign'], {}, true],
    ['set', [], always, true],
    ['spared', ['--no-sign'], always, false],
  ] as const) {
    const sharing = lab.first.startWith(env, 'share', 'model.bin', '-o', `${name}.mtorrent`, ...words);
    await sharing.line(/^\S+\.mtorrent$/, DEADLINE_MS);
    assert.equal(signers.test(await lab.first.succeed('info', `${name}.mtorrent`)), isSigned, name);
    sharing.kill('SIGINT');
    await sharing.exited;
  }
  const [one, two] = lab.trackers;
  const client = lab.first.startWith(always, 'client', '127.0.0.1:0', one, two, 'client.log');
  client.write('share model.bin console.mtorrent');
  await client.line(/^SUCCESS:console\.mtorrent$/, DEADLINE_MS);
  assert.match(await lab.first.succeed('info', 'console.mtorrent'), signers);
});

test('C19: a key that others may read is refused with what to do; a named identity that is away opens nothing', async (t) => {
  const lab = await makeLab(t);
  const bob = await joined(lab, 'node3');
  const key = join(bob.identity, 'identity.key');
  execFileSync('chmod', ['644', key]);
  const open = await bob.run('list');
  assert.equal(open.code, 4, open.stderr);
  assert.match(open.stderr, /others may read .*identity\.key; run chmod 600 on it/);
  execFileSync('chmod', ['600', key]);
  await bob.succeed('list');
  await rm(bob.identity, { recursive: true });
  const away = await bob.run('swarm', 'status', '--identity', bob.identity);
  assert.equal(away.code, REFUSED, away.stderr);
  assert.match(away.stderr, /there is no identity in /);
});

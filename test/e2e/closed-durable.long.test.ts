// What a closed swarm writes down, by strace: keys, cards and bans are on the disk before anybody is told of them, no
// key is in a command line, an environment or a file that others may read, and kill -9 at any write of a ban or a
// renewal loses nothing that was told. MTORRENT_LONG=1 tries every position.

import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort, type ProgramProcess } from '../../src/app/demo/processes.js';
import { Questions } from '../../src/client/administration/questions.js';
import { loadMemberState, memberDirectory } from '../../src/client/state/member-state.js';
import { Credentials, type Identity } from '../../src/foundation/identity/credentials.js';
import { formatInvitation } from '../../src/foundation/identity/invitation.js';
import type { KeyId } from '../../src/foundation/identity/keys.js';
import { ROLES } from '../../src/foundation/identity/powers.js';
import { formatAddress } from '../../src/foundation/torrent/address.js';
import { ClosedStage } from '../support/closed-stage.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually } from '../support/e2e-stage.js';
import { assertDirectoryDurable, assertDurable, type Call, callsIn, namings } from '../support/flushes.js';
import { canTrace } from '../support/strace.js';
import { inOrder, keyTexts, moments, strace, TracedMachine, writeIdentity } from '../support/traced-machine.js';

const DAY_S = 86_400;
const KILLED = 137;
/** Unlike anything else in a list. */
const BOB = 'bob-of-the-mill';
const LIST_CALLS = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate'];
const STATE_CALLS = ['fsync', 'rename', 'unlink', 'mkdir'];
/** The share of a tracker's writes that it makes before it listens, about. */
const STARTING = 0.5;
const DEADLINE = { timeout: 600_000 };

test('C23: what a join writes is flushed before it is told, and its key is in no command line, environment or open file', async (t) => {
  if (!canTrace(t)) return;
  const swarm = new ClosedSwarm();
  const stage = await ClosedStage.begin(t);
  const { address } = await stage.tracker(0, swarm.tracker());
  const questions = new Questions(swarm.member({ name: 'ada', role: 'admin' }), [address]);
  const secret = await questions.invite({ powers: ROLES.client, uses: 1, seconds: 3_600 });
  const trackers = [...stage.addresses];
  const line = formatInvitation({ root: swarm.root.publicKey, secret, trackers, isForTracker: false });
  const machine = await TracedMachine.make(t, join(stage.directory, 'joiner'));
  const trace = join(stage.directory, 'trace');
  const run = machine.start(['join', line], inOrder(trace));
  assert.equal(await run.exited, 0, run.stderr);
  const text = await readFile(trace, 'latin1');
  const calls = callsIn(text);
  const told = calls.findIndex(({ name, words }) => name === 'write' && words.includes('"joined swarm lab'));
  assert.ok(told > 0, 'it says that it has joined');
  const named = namings(calls, /\/config\/lab\//);
  assert.deepEqual(
    named.map(({ to }) => to.slice(machine.identity.length + 1)),
    ['identity.key', 'identity.card', 'swarm.toml'],
    'the key first, and last what makes the identity whole',
  );
  for (const each of named) {
    assertDurable(calls, each, told);
    const made = calls.find(({ name, words }) => name === 'openat' && words.includes(`"${each.from}"`));
    const mode = each.to.endsWith('swarm.toml') ? '0644' : '0600';
    assert.match(made?.words ?? '', new RegExp(`O_CREAT\\|O_EXCL[^,]*, ${mode}`), each.to);
  }
  for (const path of [machine.identity, join(machine.directory, 'config')]) assertDirectoryDurable(calls, path, told);

  const key = join(machine.identity, 'identity.key');
  const texts = keyTexts(key);
  const shown = text.split('\n').filter((each) => / execve\(/.test(each));
  assert.ok(
    shown.some((each) => each.includes('MTORRENT_IDENTITY=')),
    'the environment is in the trace',
  );
  for (const found of texts) assert.equal(shown.join('\n').includes(found.toString('latin1')), false, 'a command line');
  const holders = machine.files().filter((path) => texts.some((found) => readFileSync(path).includes(found)));
  assert.deepEqual(holders, [key], 'the key lies in one file');
  assert.equal(statSync(key).mode & 0o077, 0);
});

/** A tracker of its own that admits and bans bob, and is killed -9. */
class Banning {
  readonly #t: TestContext;
  readonly #stage: ClosedStage;
  readonly #swarm = new ClosedSwarm();
  readonly #admin = this.#swarm.memberIdentity({ name: 'ada', role: 'admin' });
  readonly #identity: string;

  private constructor(t: TestContext, stage: ClosedStage) {
    this.#t = t;
    this.#stage = stage;
    this.#identity = join(stage.directory, 'identity');
  }

  static async begin(t: TestContext, stage: ClosedStage): Promise<Banning> {
    const banning = new Banning(t, stage);
    await writeIdentity(banning.#identity, 'tracker', banning.#swarm.trackerIdentity(), stage);
    return banning;
  }

  /** Answers whether the ban was acknowledged; what was, is there after another start. @param look before its end. */
  async life(
    name: string,
    launcherOf: (list: string) => readonly string[],
    look: () => Promise<void> = async () => undefined,
  ): Promise<boolean> {
    const machine = await TracedMachine.make(this.#t, join(this.#stage.directory, name), this.#identity);
    const at = { host: '127.0.0.1', port: await freePort() };
    const partner = formatAddress({ host: '127.0.0.1', port: await freePort() });
    const words = ['tracker', formatAddress(at), partner, 'seeders.db', 'tracker.log'];
    const questions = new Questions(new Credentials(this.#admin), [at]);
    const bob = this.#swarm.stranger();
    const run = machine.start(words, launcherOf(join(machine.directory, 'seeders.db')));
    await listens(run);
    const secret = await tried(questions.invite({ powers: ROLES.client, uses: 1, seconds: 3_600 }));
    const joined = secret && (await tried(new Questions(bob, [at]).join(secret, BOB)));
    const banned = await tried(questions.ban(bob.id, true));
    await look();
    run.kill('SIGKILL');
    assert.equal(await run.exited, KILLED, name);
    const again = machine.start(words);
    assert.ok(await listens(again), `${name}: ${again.stderr}`);
    const member = (await questions.members()).find(({ id }) => id === bob.id);
    if (banned !== undefined) assert.equal(member?.isBanned, true, `${name}: a ban that was told is there`);
    else if (joined !== undefined) assert.ok(member !== undefined, `${name}: a member that was admitted is there`);
    const [told] = await questions.ban(bob.id, true);
    assert.equal(told?.failure, undefined, name);
    again.kill('SIGKILL');
    await again.exited;
    return banned !== undefined;
  }
}

/** False when it ends instead. */
async function listens(run: ProgramProcess): Promise<boolean> {
  const line = new Promise<boolean>((resolve) => {
    run.onLine = (each) => each.startsWith('TRACKER LISTENING') && resolve(true);
  });
  return Promise.race([line, run.exited.then(() => false)]);
}

/** Undefined when nobody answered. */
function tried<T>(what: Promise<T>): Promise<T | undefined> {
  return what.catch(() => undefined);
}

test(
  'C23: a ban is flushed before it is answered, and kill -9 at any write of it loses none that was',
  DEADLINE,
  async (t) => {
    if (!canTrace(t)) return;
    const stage = await ClosedStage.begin(t);
    const banning = await Banning.begin(t, stage);
    const order = join(stage.directory, 'order.trace');
    let flushed: readonly Call[] = [];
    const look = async (): Promise<void> => {
      flushed = callsIn(await readFile(order, 'latin1'));
    };
    await banning.life('order', () => inOrder(order), look);
    const isLog = ({ words }: Call): boolean => words.includes('/order/seeders.db-wal>');
    const written = flushed.findLastIndex(
      (call) => call.name === 'pwrite64' && isLog(call) && call.words.includes(BOB),
    );
    const last = flushed.findLastIndex((call) => /^f(data)?sync$/.test(call.name) && isLog(call));
    assert.ok(written > 0 && last > written, 'when the answer is here, what the list says of him is flushed');

    const count = join(stage.directory, 'count.trace');
    const about = (list: string) => ['', '-wal', '-journal', '-shm'].flatMap((more) => ['-P', `${list}${more}`]);
    await banning.life('count', (list) => strace(LIST_CALLS, ...about(list), '-o', count));
    let unanswered = 0;
    const tries = moments(await readFile(count, 'utf8'), STARTING);
    for (const { when, inject } of tries) {
      const launcherOf = (list: string) => strace(LIST_CALLS, ...about(list), ...inject);
      if (!(await banning.life(when.replaceAll(' ', '-'), launcherOf))) unanswered += 1;
    }
    assert.ok(unanswered > 0, 'no tracker was killed before it answered');
    t.diagnostic(`${tries.length} moments, ${unanswered} of them before the answer`);
  },
);

/** A client whose card is due for renewal, and whose tracker has a ban to tell. */
class Renewing {
  readonly identity: string;
  readonly #t: TestContext;
  readonly #stage: ClosedStage;
  readonly #bob: Identity;
  readonly #banned: KeyId;

  private constructor(t: TestContext, stage: ClosedStage, bob: Identity, banned: KeyId) {
    this.#t = t;
    this.#stage = stage;
    this.#bob = bob;
    this.#banned = banned;
    this.identity = join(stage.directory, 'identity');
  }

  static async begin(t: TestContext, stage: ClosedStage): Promise<Renewing> {
    const swarm = new ClosedSwarm();
    const { address } = await stage.tracker(0, swarm.tracker());
    const mallory = swarm.member({ name: 'mallory' });
    await new Questions(mallory, [address]).renew();
    await new Questions(swarm.member({ name: 'ada', role: 'admin' }), [address]).ban(mallory.id, true);
    // Older than two parts of its life: it is renewed at once.
    const bob = swarm.memberIdentity({ name: 'bob', saidAtS: swarm.nowS - 3 * DAY_S });
    const renewing = new Renewing(t, stage, bob, mallory.id);
    await writeIdentity(renewing.identity, 'client', bob, stage);
    return renewing;
  }

  /** What a later process would find. */
  async kept(machine: TracedMachine) {
    const credentials = new Credentials(this.#bob);
    const directory = memberDirectory(join(machine.directory, 'state/mtorrent/swarm'), credentials);
    const { hasNewCard, sentences } = await loadMemberState(directory, credentials);
    return { hasNewCard, sentences, isBanKnown: credentials.standing.bans.isBanned(this.#banned) };
  }

  machine(name: string): Promise<TracedMachine> {
    return TracedMachine.make(this.#t, join(this.#stage.directory, name), this.identity);
  }

  /** Runs until all is written down, or it is killed. Answers its exit code. */
  async run(machine: TracedMachine, launcher: readonly string[] = []): Promise<number> {
    const [one, two] = this.#stage.addresses.map(formatAddress) as [string, string];
    const run = machine.start(['client', '127.0.0.1:0', one, two, 'client.log'], launcher);
    // A client that has nothing to tell talks to no tracker.
    run.write('share small.bin small.mtorrent');
    let isOver = false;
    void run.exited.then(() => {
      isOver = true;
    });
    const ask = async () => ({ isOver, ...(await this.kept(machine)) });
    const isDone = (found: { isOver: boolean; hasNewCard: boolean; isBanKnown: boolean }) =>
      found.isOver || (found.hasNewCard && found.isBanKnown);
    await eventually(ask, isDone, 'the card and the ban are written down');
    return run.end();
  }
}

test(
  'C23: kill -9 at any write of a renewal and of news of a ban leaves the key, and cards and bans whole',
  DEADLINE,
  async (t) => {
    if (!canTrace(t)) return;
    const stage = await ClosedStage.begin(t);
    const renewing = await Renewing.begin(t, stage);
    const keyPath = join(renewing.identity, 'identity.key');
    const key = readFileSync(keyPath);

    const order = join(stage.directory, 'order.trace');
    const first = await renewing.machine('first');
    await renewing.run(first, inOrder(order));
    const calls = callsIn(await readFile(order, 'latin1'));
    const named = namings(calls, /\/swarm\/[^/]*\/(card|bans)\.[0-9a-f]+$/);
    assert.deepEqual(new Set(named.map(({ to }) => to.split('/').at(-1)?.split('.')[0])), new Set(['card', 'bans']));
    for (const each of named) assertDurable(calls, each, calls.length);
    const texts = keyTexts(keyPath);
    const holders = first.files().filter((path) => texts.some((found) => readFileSync(path).includes(found)));
    assert.deepEqual(holders, [], 'no other file holds the key');

    const count = join(stage.directory, 'count.trace');
    await renewing.run(await renewing.machine('count'), strace(STATE_CALLS, '-o', count));
    let killed = 0;
    const tries = moments(await readFile(count, 'utf8'));
    for (const { when, inject } of tries) {
      const machine = await renewing.machine(when.replaceAll(' ', '-'));
      if ((await renewing.run(machine, strace(STATE_CALLS, ...inject))) === KILLED) killed += 1;
      assert.deepEqual((await renewing.kept(machine)).sentences, [], `${when}: what is there is whole`);
      await renewing.run(machine);
      const { hasNewCard, isBanKnown } = await renewing.kept(machine);
      assert.ok(hasNewCard && isBanKnown, when);
      assert.deepEqual(readFileSync(keyPath), key, when);
    }
    assert.ok(killed > 0, 'nobody was killed');
    t.diagnostic(`${tries.length} moments, ${killed} killed`);
  },
);

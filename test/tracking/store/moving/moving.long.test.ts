// A seeder list goes into a real PostgreSQL and comes back row by row, as often as it is moved; two lists merge in
// either order; and what must not be moved is refused and left as it is.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { DIGEST_SIZE, PART_BYTES_MAX } from '../../../../src/foundation/base/limits.js';
import type { KeyId } from '../../../../src/foundation/identity/keys.js';
import type { SwarmKey } from '../../../../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../../../../src/foundation/torrent/info-text.js';
import type { MembershipRow } from '../../../../src/tracking/membership/records.js';
import { membershipRowsOf } from '../../../../src/tracking/membership/rows.js';
import type { Change } from '../../../../src/tracking/registry/changes.js';
import { moveSeeders } from '../../../../src/tracking/store/moving/moving.js';
import type { PairChange } from '../../../../src/tracking/store/pair/changes.js';
import { lockList } from '../../../../src/tracking/store/sqlite/lock.js';
import { storeCommandsOf } from '../../../../src/tracking/store/sqlite/rows.js';
import { lockBesideList } from '../../../../src/tracking/store/sqlite/side-lock.js';
import { SeederStore } from '../../../../src/tracking/store/sqlite/store.js';
import { cases } from '../../../support/cases.js';
import { hasPostgres, PostgresServer } from '../../../support/postgres.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';
import { anyRow, rowText } from '../../membership/any-rows.js';
import { ROOT } from '../../membership/closed-pair.js';
import { changes, tolds, words } from '../../registry/changes.js';
import { swarmOf } from '../../tracker/stage.js';

let server: PostgresServer | undefined;
let databases = 0;
after(() => server?.remove());

/** The address of a database of its own; undefined: the test was skipped. */
async function databaseFor(t: TestContext): Promise<(() => string) | undefined> {
  if (!hasPostgres(t)) return undefined;
  server ??= await PostgresServer.start();
  const running = server;
  return () => {
    databases += 1;
    running.sql(`create database moved${databases}`);
    return running.address({ database: `moved${databases}` });
  };
}

interface Proven {
  readonly swarm: SwarmKey;
  readonly pieceCount: number;
  readonly partBytes: number;
  readonly details: { info: InfoDigest; listBytes: number; files: number } | undefined;
}

const proven: fc.Arbitrary<Proven> = fc.record({
  swarm: fc.nat(2).map((number) => swarmOf(number + 11)),
  pieceCount: fc.constantFrom(1, 7, 3_000),
  partBytes: fc.constantFrom(20, 1_000, PART_BYTES_MAX),
  details: fc.option(fc.constant({ info: 'ab'.repeat(32) as InfoDigest, listBytes: 9, files: 3 }), { nil: undefined }),
});

function completionOf({ swarm, pieceCount, partBytes, details }: Proven, upload: number): readonly Change[] {
  const hashes = Buffer.alloc(pieceCount * DIGEST_SIZE, `${upload} ${swarm}`);
  const step = pieceCount === 3_000 ? PART_BYTES_MAX : partBytes;
  const parts: Change[] = [];
  for (let offset = 0; offset < hashes.length; offset += step)
    parts.push({ kind: 'part', swarm, upload, offset, part: Uint8Array.from(hashes.subarray(offset, offset + step)) });
  const facts = { name: 'a "quoted\\ name", {}.bin', size: pieceCount * 524_288, pieceCount, details };
  return [...parts, { kind: 'complete', swarm, upload, ...facts }];
}

/** What any release may have left in a list; nobody knows piece hashes that are not there. */
const anyChanges = fc.array(
  changes.filter(({ kind }) => kind !== 'complete'),
  { maxLength: 40 },
);
const anyMembers = fc.array(
  anyRow.map((row): MembershipRow => (row.is === 'invitation' ? { ...row, endS: row.endS + 4e9 } : row)),
  { maxLength: 8 },
);

function makeList(path: string, all: readonly PairChange[], wallMs = Date.now()): void {
  const store = SeederStore.open(path);
  assert.equal(store.commit(storeCommandsOf(all), wallMs), undefined);
  store.close();
}

/** Every row but positions, numbers of uploads and times. */
function contentOf(path: string): readonly string[] {
  const store = SeederStore.open(path);
  const rows: string[] = [];
  for (const batch of store.batches('loadSwarms', 9))
    for (const row of batch) {
      const hashes: Uint8Array[] = [];
      for (let offset = 0; row[4] === 1; offset += hashes.at(-1)?.length ?? 0) {
        const part = store.hashes(String(row[0]), offset, PART_BYTES_MAX);
        if (part.length === 0) break;
        hashes.push(part);
      }
      rows.push(JSON.stringify(['swarm', ...row.toSpliced(5, 1), Buffer.concat(hashes).toString('hex')]));
    }
  for (const batch of store.batches('loadLeaves', 9))
    for (const row of batch) rows.push(JSON.stringify(['leave', ...row.slice(0, 3)]));
  for (const batch of [...store.batches('loadUnlisted', 9), ...store.liveBatches(9, Date.now())])
    for (const row of batch) rows.push(JSON.stringify(['entry', ...row.slice(0, 8), row[10]]));
  for (const fields of store.membership.load()) rows.push(...membershipRowsOf(fields).map(rowText));
  store.close();
  return rows.sort();
}

test('whatever a list holds comes back from a database row by row, and a second move changes nothing', async (t) => {
  const database = await databaseFor(t);
  if (database === undefined) return;
  const directory = temporaryDirectory(t);
  let lists = 0;
  await fc.assert(
    fc.asyncProperty(
      anyChanges,
      fc.uniqueArray(proven, { selector: ({ swarm }) => swarm }),
      anyMembers,
      async (all, complete, members) => {
        lists += 1;
        const [from, to, address] = [join(directory, `${lists}`), join(directory, `${lists}-back`), database()];
        const memberChanges = members.map((row) => ({ kind: 'membership', row }) as const);
        makeList(from, [...all, ...complete.flatMap((file, at) => completionOf(file, at + 1)), ...memberChanges]);
        const before = contentOf(from);
        const figures = await moveSeeders(from, address, ROOT.publicKey);
        assert.equal(figures.proven, complete.length);
        assert.deepEqual(await moveSeeders(from, address, ROOT.publicKey), figures);
        assert.deepEqual(await moveSeeders(address, to, ROOT.publicKey), figures);
        assert.deepEqual(contentOf(to), before);
        await moveSeeders(address, to, ROOT.publicKey);
        assert.deepEqual(contentOf(to), before);
        assert.deepEqual(contentOf(from), before);
      },
    ),
    { numRuns: cases(6) },
  );
});

test('two lists that know of each other make the same database in either order', async (t) => {
  const database = await databaseFor(t);
  if (database === undefined) return;
  const directory = temporaryDirectory(t);
  const half = fc.array(fc.oneof(words, tolds), { maxLength: 20 });
  let lists = 0;
  await fc.assert(
    fc.asyncProperty(half, half, async (one, two) => {
      lists += 1;
      const [first, second] = [join(directory, `${lists}-1`), join(directory, `${lists}-2`)];
      makeList(first, one);
      makeList(second, two);
      const contents: (readonly string[])[] = [];
      for (const [at, order] of [
        [first, second],
        [second, first],
      ].entries()) {
        const address = database();
        for (const list of order) await moveSeeders(list, address, undefined);
        const to = join(directory, `${lists}-both-${at}`);
        await moveSeeders(address, to, undefined);
        contents.push(contentOf(to));
        // Into a list that has a half already.
        await moveSeeders(address, order[0] ?? '', undefined);
        contents.push(contentOf(order[0] ?? ''));
      }
      for (const content of contents) assert.deepEqual(content, contents[0]);
    }),
    { numRuns: cases(4) },
  );
});

test('a tombstone is as old after the move as before, without the time that its list lay idle', async (t) => {
  const database = await databaseFor(t);
  if (database === undefined) return;
  const [path, back, address] = [...['list', 'back'].map((name) => join(temporaryDirectory(t), name)), database()];
  assert.ok(path !== undefined && back !== undefined && address !== undefined);
  const [hour, removed] = [
    3_600_000,
    { kind: 'remove', swarm: swarmOf(1), client: '11'.repeat(16), epoch: 1 } as const,
  ];
  const idleSinceMs = Date.now() - 30 * hour;
  makeList(path, [{ ...removed, sequence: 1 } as Change], idleSinceMs - 5 * hour);
  const store = SeederStore.open(path);
  assert.equal(store.commit([], idleSinceMs), undefined);
  store.close();
  await moveSeeders(path, address, undefined);
  await moveSeeders(address, back, undefined);
  const again = SeederStore.open(back);
  const [[row] = []] = [...again.batches('loadUnlisted', 9)];
  const ageMs = Date.now() - Number(row?.[8]);
  again.close();
  assert.ok(ageMs >= 5 * hour && ageMs < 6 * hour, `${ageMs} ms`);
});

test('a list that is merged into belongs to another tracker then, so that its partner asks for everything', async (t) => {
  const database = await databaseFor(t);
  if (database === undefined) return;
  const [path, address] = [join(temporaryDirectory(t), 'list'), database()];
  const store = SeederStore.open(path);
  store.usedAt('192.0.2.1:7001', new Uint8Array(20));
  const { trackerId } = store.identity();
  store.close();
  await moveSeeders(address, path, undefined);
  const again = SeederStore.open(path);
  assert.notDeepEqual(again.identity().trackerId, trackerId);
  assert.equal(again.place().own, '192.0.2.1:7001');
  again.close();
});

test('what must not be moved is refused and left as it is', async (t) => {
  const database = await databaseFor(t);
  if (database === undefined) return;
  const directory = temporaryDirectory(t);
  const address = database();
  const at = (name: string): string => join(directory, name);
  const refused = async (
    from: string,
    to: string,
    code: string,
    sentence: RegExp,
    root?: Uint8Array,
  ): Promise<void> => {
    await assert.rejects(moveSeeders(from, to, root), (error: Error & { code: string }) => {
      assert.match(error.message, sentence);
      assert.equal(error.code, code);
      return true;
    });
  };
  makeList(at('list'), []);
  await refused(at('list'), at('other'), 'INVALID_ARGUMENTS', /both are files/);
  await refused(address, address, 'INVALID_ARGUMENTS', /both are databases/);
  await refused(at('none'), address, 'FILE_NOT_FOUND', /none/);
  writeFileSync(at('text'), 'a letter, and no list');
  await refused(address, at('text'), 'STATE_DAMAGED', /text is not a seeder list/);
  await refused(at('text'), address, 'STATE_DAMAGED', /text is not a seeder list/);
  assert.equal(readFileSync(at('text'), 'utf8'), 'a letter, and no list');
  const name = await lockList(at('list'));
  await refused(at('list'), address, 'ALREADY_RUNNING', /a tracker \(.*\) uses .*list already/);
  await refused(address, at('list'), 'ALREADY_RUNNING', /a tracker \(.*\) uses .*list already/);
  await name.release();
  const beside = lockBesideList(at('list'));
  await refused(at('list'), address, 'ALREADY_RUNNING', /a tracker \(.*\) uses .*list already/);
  beside.release();
  await moveSeeders(at('list'), address, undefined);
  await refused(at('list'), address, 'INVALID_ARGUMENTS', /of an open swarm/, ROOT.publicKey);
  makeList(at('closed'), [
    { kind: 'membership', row: { is: 'ban', member: '11'.repeat(16) as KeyId, version: 1, isBanned: true } },
  ]);
  await refused(at('closed'), address, 'INVALID_ARGUMENTS', /closed is the list of a closed swarm/);
  const store = SeederStore.open(at('list'));
  store.usedAt('192.0.2.1:7001', new Uint8Array(20));
  store.close();
  await refused(at('list'), database(), 'INVALID_ARGUMENTS', /is the list of another swarm/, ROOT.publicKey);
  makeList(at('hole'), [{ kind: 'complete', swarm: swarmOf(1), upload: 1, name: 'a', size: 1, pieceCount: 1 }]);
  await refused(at('hole'), address, 'STATE_DAMAGED', /hole has 0 bytes of the piece hashes of a and not 20/);
  assert.equal(existsSync(at('hole-lock')), false, 'nothing is made beside a list that is read');
  assert.deepEqual(
    readdirSync(directory).filter((file) => file.startsWith('other')),
    [],
  );
});

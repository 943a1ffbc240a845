// Statements: each bit of one counts, nothing of it may be moved into another, and a swarm's is worth nothing in
// another swarm.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { publicKey } from '../../../src/foundation/identity/keys.js';
import {
  isMemberName,
  isStatementOf,
  parseStatement,
  STATEMENT_SIZE,
  type Statement,
  type StatementKind,
  signStatement,
} from '../../../src/foundation/identity/statement.js';
import { keyOf, MEMBER, memberStatement, OTHER_ROOT, ROOT, TRACKER } from '../../support/cards.js';
import { fuzz } from '../../support/fuzz.js';

const kind = fc.constantFrom<StatementKind>('tracker', 'member', 'withdrawn');
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const statements: fc.Arbitrary<Statement> = fc.record(
  {
    kind,
    powers: fc.integer({ min: 0, max: 31 }),
    name: fc.stringMatching(/^[a-z0-9][a-z0-9._@-]{0,63}$/),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(publicKey),
    saidAtS: time,
    goodUntilS: time,
  },
  { noNullPrototype: true },
);

const isGood = (bytes: Uint8Array): boolean =>
  parseStatement(bytes) !== undefined && isStatementOf(TRACKER.publicKey, ROOT.publicKey, bytes);

test('a statement says the same when it is read again, and holds for its signer only', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const bytes = signStatement(statement, ROOT.publicKey, TRACKER);
      assert.equal(bytes.length, STATEMENT_SIZE);
      assert.deepEqual(parseStatement(bytes), statement);
      assert.equal(isStatementOf(TRACKER.publicKey, ROOT.publicKey, bytes), true);
      assert.equal(isStatementOf(MEMBER.publicKey, ROOT.publicKey, bytes), false);
      assert.equal(isStatementOf(TRACKER.publicKey, OTHER_ROOT.publicKey, bytes), false);
    }),
    { numRuns: 50 },
  );
});

test('a statement with any one bit flipped is refused', () => {
  const bytes = memberStatement();
  assert.equal(isGood(bytes), true);
  for (let bit = 0; bit < STATEMENT_SIZE * 8; bit += 1) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(isGood(flipped), false, `bit ${bit}`);
  }
});

test('no part of one statement is good in another', () => {
  const [one, two] = [memberStatement(), memberStatement({ name: 'eve@mill', key: keyOf(9).publicKey, powers: 1 })];
  for (const [from, to] of [
    [4, 5],
    [5, 6],
    [6, 71],
    [71, 103],
    [115, 179],
  ] as const) {
    const mixed = Uint8Array.from(one);
    mixed.set(two.subarray(from, to), from);
    assert.equal(isGood(mixed), from === 4, `bytes ${from} to ${to}`);
  }
});

test('a statement of any other length is none', () => {
  const bytes = memberStatement();
  for (const other of [bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([bytes, Uint8Array.of(0)])])
    assert.equal(parseStatement(other), undefined);
});

test('a name is ASCII in lower case, so no two look alike', () => {
  for (const good of ['a', 'bob@mill', '0', 'node-1.lab', 'a'.repeat(64)]) assert.equal(isMemberName(good), true, good);
  for (const bad of ['', 'Bob', '-a', '.a', '@a', 'a b', 'a\n', 'a\0', 'ä', 'а', 'a'.repeat(65), 'a/b'])
    assert.equal(isMemberName(bad), false, JSON.stringify(bad));
});

test('any bytes are a statement or none, and what is read is written the same', () => {
  fuzz(fc.uint8Array({ minLength: 0, maxLength: 200 }), (bytes) => {
    assert.equal(parseStatement(bytes), undefined);
  });
  const bytes = memberStatement();
  fuzz(fc.tuple(fc.nat(STATEMENT_SIZE - 1), fc.nat(255)), ([at, value]) => {
    const changed = Uint8Array.from(bytes);
    changed[at] = value;
    const read = parseStatement(changed);
    if (read === undefined) return;
    const again = signStatement(read, ROOT.publicKey, TRACKER);
    assert.deepEqual(again.subarray(0, 115), Buffer.from(changed.subarray(0, 115)));
  });
});

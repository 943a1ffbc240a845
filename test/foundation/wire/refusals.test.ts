// What people are told when they are not let in arrives whole, on either wire, with the longest names and addresses in
// it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cardOf, noCard } from '../../../src/foundation/identity/card.js';
import { type GateRefusal, judge, type Need, type Verdict } from '../../../src/foundation/identity/gate.js';
import { keyIdOf, shortName } from '../../../src/foundation/identity/keys.js';
import { POWERS } from '../../../src/foundation/identity/powers.js';
import { Standing } from '../../../src/foundation/identity/standing.js';
import { MEMBER_NAME_MAX } from '../../../src/foundation/identity/statement.js';
import { HEAD_SIZE } from '../../../src/foundation/wire/framing.js';
import {
  acceptRefusal,
  dialRefusal,
  otherSwarmSentence,
  PLAIN_REFUSAL,
  rootIn,
} from '../../../src/foundation/wire/refusals.js';
import { TRACKER_WIRE } from '../../../src/tracking/tracker/messages.js';
import { PEER_WIRE } from '../../../src/transfer/peer/codec/messages.js';
import { fetchEvents } from '../../../src/transfer/peer/messages.js';
import {
  certificateOf,
  keyOf,
  MEMBER,
  memberStatement,
  OTHER_ROOT,
  ROOT,
  THEN_S,
  TRACKER,
  trackerStatement,
  UNTIL_S,
  withdrawal,
} from '../../support/cards.js';
import { fetchStage } from '../../transfer/peer/stage.js';

const NAME = 'm'.repeat(MEMBER_NAME_MAX);
const AT = '[2001:0db8:1111:2222:3333:4444:5555:6666]:65535';
const TRACKER_SAYS = trackerStatement(TRACKER, ROOT, { name: NAME });
const CARD = cardOf(TRACKER_SAYS, memberStatement({ name: NAME }));
const LATE_S = UNTIL_S + 2 * 86_400;

interface Case {
  readonly card?: Uint8Array;
  readonly certificate?: Uint8Array | undefined;
  readonly need?: Need;
  readonly nowS?: number;
  readonly standing?: (standing: Standing) => void;
}

/** Every code of the gate, and each way to it that has a sentence of its own. */
const CASES: Readonly<Record<GateRefusal, readonly Case[]>> = {
  noCertificate: [{ certificate: undefined }],
  notOurs: [{ certificate: new Uint8Array(613) }],
  otherSwarm: [{ card: cardOf(trackerStatement(TRACKER, OTHER_ROOT), memberStatement()) }],
  noCard: [{ card: noCard() }],
  wrongKey: [{ certificate: certificateOf(keyOf(7), CARD) }],
  withdrawn: [
    { standing: (standing) => standing.withdraw(withdrawal()) },
    {
      certificate: certificateOf(TRACKER, cardOf(TRACKER_SAYS)),
      standing: (standing) => standing.withdraw(withdrawal()),
    },
  ],
  banned: [{ standing: ({ bans }) => bans.add({ member: keyIdOf(MEMBER.publicKey), version: 1, isBanned: true }) }],
  ranOut: [{ nowS: LATE_S }],
  noPower: [
    { need: 'track' },
    { certificate: certificateOf(TRACKER, cardOf(TRACKER_SAYS)) },
    { card: cardOf(TRACKER_SAYS, memberStatement({ name: NAME, powers: POWERS.sign })) },
  ],
};

function judged(each: Case): Verdict {
  const standing = new Standing(ROOT.publicKey);
  each.standing?.(standing);
  const certificate = 'certificate' in each ? each.certificate : certificateOf(MEMBER, each.card ?? CARD);
  const nowS = each.nowS ?? THEN_S;
  return judge(certificate, each.need ?? 'fetch', standing, { ownS: nowS, trackerS: nowS });
}

function sentences(): string[] {
  const ofGate = Object.entries(CASES).flatMap(([code, cases]) =>
    cases.map((each) => {
      const verdict = judged(each);
      assert.ok(verdict.kind === 'refused' && verdict.code === code, code);
      return verdict.sentence;
    }),
  );
  return [...ofGate, PLAIN_REFUSAL];
}

test('every refusal arrives whole on both wires, in the clear as well', () => {
  for (const sentence of sentences())
    for (const wire of [PEER_WIRE, TRACKER_WIRE])
      for (const isPlain of [false, true])
        assert.equal(wire.sentenceIn(wire.refusal(sentence, isPlain).subarray(HEAD_SIZE)), sentence);
});

test('a refusal that a peer sends reaches the download whole', () => {
  for (const sentence of sentences())
    for (const phase of ['greeting', 'open'] as const) {
      const stage = fetchStage(phase);
      stage.post({ kind: 'received', message: { kind: 'error', code: 'notAdmitted', sentence } });
      const [told] = stage
        .post({ kind: 'tcpClosed', reason: 'closed', sentence: 'it hung up' })
        .flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
      assert.ok(told?.kind === 'disconnected');
      assert.equal(told.sentence, sentence);
      assert.deepEqual(fetchEvents.decode(fetchEvents.encode(told)), told);
    }
});

test('what this client says itself of one that it dialed or refused fits, too', () => {
  const own = keyIdOf(ROOT.publicKey);
  const codes = [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  ];
  const all = [PEER_WIRE, TRACKER_WIRE].flatMap((wire) => [
    ...codes.flatMap((code) => [dialRefusal(code, AT, wire, NAME), acceptRefusal(code, wire)]),
    ...[undefined, shortName(keyIdOf(OTHER_ROOT.publicKey))].map((other) => otherSwarmSentence(AT, wire, own, other)),
    ...sentences().map((sentence) => `${AT} was refused: ${sentence}`),
  ]);
  for (const sentence of all) {
    const stage = fetchStage('dialing');
    const [told] = stage
      .post({ kind: 'tcpClosed', reason: 'notAdmitted', sentence })
      .flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
    assert.ok(told?.kind === 'disconnected');
    assert.equal(told.sentence, sentence);
  }
});

test('a sentence that is too long all the same is cut between characters, not refused by its own codec', () => {
  const long = 'ä'.repeat(2_000);
  for (const wire of [PEER_WIRE, TRACKER_WIRE]) {
    const heard = wire.sentenceIn(wire.refusal(long, false).subarray(HEAD_SIZE));
    assert.match(heard ?? '', /^ä{100,}…$/u);
  }
});

test('the root that a refusal names is found in it', () => {
  const verdict = judged(CASES.otherSwarm[0] ?? {});
  assert.ok(verdict.kind === 'refused');
  assert.equal(rootIn(verdict.sentence), shortName(keyIdOf(ROOT.publicKey)));
});

// A dialed connection: every message in every phase, every deadline, and that each slot comes back exactly once (P4,
// P12, P16, P17).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FRAME_DEADLINE_MS, HELLO_DEADLINE_MS, PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import type { Block } from '../../../src/foundation/torrent/block.js';
import type { PeerMessage } from '../../../src/transfer/peer/codec/meaning.js';
import {
  ACK_DELAY_MS,
  CONNECT_DEADLINE_MS,
  KEEP_ALIVE_MS,
  PEER_DEAD_MS,
  REQUEST_DEADLINE_MS,
} from '../../../src/transfer/peer/limits.js';
import { BLOCK, type FetchPhase, type FetchStage, fetchStage, HELLO, MESSAGES, OURS, reasonOf, said } from './stage.js';

/** What follows a message: what is told, or why the connection ends ('!reason'), or '' for nothing. */
type Outcome = string;

const OPEN: Readonly<Record<PeerMessage['kind'], Outcome>> = {
  hello: '!protocol',
  bitfield: '!protocol',
  have: 'havesReceived',
  interested: '!protocol',
  notInterested: '!protocol',
  ack: '!protocol',
  choke: 'choked',
  unchoke: 'unchoked',
  request: '!protocol',
  cancel: '!protocol',
  reject: '!protocol',
  piece: '!protocol',
  infoWanted: '!protocol',
  infoPart: '!protocol',
  keepAlive: '',
  gone: '!gone',
  error: '!busy',
};

function outcomeOf(stage: FetchStage, message: PeerMessage): Outcome {
  const effects = stage.post({ kind: 'received', message });
  if (effects.some(({ kind }) => kind === 'closeTcp')) return `!${reasonOf(stage)}`;
  return effects.map((effect) => (effect.kind === 'tell' ? effect.event.kind : effect.kind)).join();
}

function expected(phase: FetchPhase, kind: PeerMessage['kind']): Outcome {
  if (phase === 'closing') return '';
  if (kind === 'error') return '!busy';
  if (phase === 'open') return OPEN[kind];
  return phase === 'greeting' && kind === 'hello' ? 'connected' : '!protocol';
}

test('whose a connection of a closed swarm is comes with the news that it is open; in an open swarm nothing does', () => {
  for (const member of [undefined, { name: 'bob@mill', key: 'wyxim75c' }]) {
    const stage = fetchStage('dialing');
    stage.post({ kind: 'tcpConnected', ...(member === undefined ? {} : { member }) });
    const [told] = stage
      .post({ kind: 'received', message: HELLO })
      .flatMap((effect) => (effect.kind === 'tell' ? [effect.event] : []));
    assert.ok(told?.kind === 'connected');
    assert.deepEqual(told.member, member);
    assert.equal('member' in told, member !== undefined);
  }
});

for (const phase of ['dialing', 'greeting', 'open', 'closing'] as const) {
  test(`P4: every message while ${phase} does what the table says`, () => {
    for (const [kind, message] of Object.entries(MESSAGES) as [PeerMessage['kind'], PeerMessage][]) {
      assert.equal(outcomeOf(fetchStage(phase), message), expected(phase, kind), kind);
    }
  });
}

test('it says hello and interested once the socket is connected, and nothing before', () => {
  const stage = fetchStage('dialing');
  assert.deepEqual(said(stage.effects), []);
  assert.deepEqual(said(stage.post({ kind: 'tcpConnected' })), ['hello', 'interested']);
  assert.deepEqual(stage.post({ kind: 'tcpConnected' }), []);
});

test('a hello about another file or from ourselves ends it', () => {
  const hellos: readonly [PeerMessage, string][] = [
    [{ ...HELLO, swarm: new Uint8Array(20) }, '!protocol'],
    [{ ...HELLO, pieceCount: 21 }, '!protocol'],
    [{ ...HELLO, peerId: OURS }, '!self'],
  ];
  for (const [hello, outcome] of hellos) assert.equal(outcomeOf(fetchStage('greeting'), hello), outcome);
});

test('P17: a bitfield comes once, in parts in order, of the right size; have waits for its end', () => {
  const part = (offset: number, size: number, last: boolean): PeerMessage => ({
    kind: 'bitfield',
    offset,
    part: new Uint8Array(size),
    last,
  });
  const stories: readonly [readonly PeerMessage[], boolean][] = [
    [[part(0, 3, true)], true],
    [[part(0, 1, false), part(1, 2, true)], true],
    [[part(0, 3, false)], false],
    [[part(0, 4, true)], false],
    [[part(0, 2, true)], false],
    [[part(1, 2, true)], false],
    [[part(0, 1, false), part(0, 1, false)], false],
    [[part(0, 1, false), part(2, 1, true)], false],
    [[part(0, 0, false)], false],
    [[part(0, 3, true), part(0, 3, true)], false],
    [[part(0, 1, false), MESSAGES.have], false],
  ];
  for (const [messages, good] of stories) {
    const stage = fetchStage('open', { bitfield: false });
    for (const message of messages) stage.post({ kind: 'received', message });
    assert.equal(reasonOf(stage), good ? undefined : 'protocol', JSON.stringify(messages));
  }
});

test('an empty file has a bitfield of one empty part', () => {
  const stage = fetchStage('open', { bitfield: false, pieceCount: 0 });
  const message: PeerMessage = { kind: 'bitfield', offset: 0, part: new Uint8Array(0), last: true };
  assert.equal(outcomeOf(stage, message), 'bitfieldPart');
});

test('P17: a have beyond the file, or more of them than the file has pieces, ends it', () => {
  for (const ranges of [
    [[19, 2]],
    [[20, 1]],
    [
      [0, 20],
      [3, 1],
    ],
  ] as const) {
    assert.equal(outcomeOf(fetchStage('open'), { kind: 'have', ranges }), '!protocol', JSON.stringify(ranges));
  }
  const stage = fetchStage('open');
  for (let piece = 0; piece < 20; piece += 1) {
    assert.equal(outcomeOf(stage, { kind: 'have', ranges: [[piece, 1]] }), 'havesReceived');
  }
  assert.equal(outcomeOf(stage, { kind: 'have', ranges: [[7, 1]] }), '!protocol', 'a flood ends it');
});

test('P16: a block is taken into its slot only if it was asked for exactly so', () => {
  for (const wrong of [{ piece: 4 }, { begin: 1 }, { length: 5 }]) {
    const stage = fetchStage('open');
    stage.post({ kind: 'request', ...BLOCK, slots: [11] });
    assert.equal(outcomeOf(stage, { kind: 'piece', ...BLOCK, ...wrong }), '!protocol', JSON.stringify(wrong));
  }
  const stage = fetchStage('open');
  assert.deepEqual(said(stage.post({ kind: 'request', ...BLOCK, slots: [11] })), ['request']);
  assert.deepEqual(stage.post({ kind: 'received', message: MESSAGES.piece }), [
    { kind: 'receivePayload', slots: [11], begin: 0, length: PIECE_SIZE },
  ]);
  const [told] = stage.post({ kind: 'payloadDone' });
  assert.deepEqual(told, { kind: 'tell', event: { kind: 'blockReceived', connection: 9, ...BLOCK } });
  assert.equal(outcomeOf(stage, MESSAGES.piece), '!protocol', 'a second time');
});

test('each piece frame that has come whole is confirmed to a peer that understands it, and to no other', () => {
  const half = PIECE_SIZE / 2;
  for (const acks of [false, true]) {
    const stage = fetchStage('greeting');
    stage.post({ kind: 'received', message: { ...HELLO, acks } });
    stage.post({ kind: 'received', message: MESSAGES.bitfield });
    stage.post({ kind: 'request', ...BLOCK, slots: [2] });
    for (const begin of [0, half]) {
      stage.post({ kind: 'received', message: { kind: 'piece', piece: BLOCK.piece, begin, length: half } });
      stage.post({ kind: 'payloadBytes', count: half });
      assert.deepEqual(said(stage.post({ kind: 'payloadDone' })), [], 'it may go with the next request');
      stage.nowMs += ACK_DELAY_MS;
      assert.deepEqual(said(stage.post({ kind: 'wake' })), acks ? ['ack'] : []);
    }
  }
});

test('what has come is confirmed with the next word, each block once', () => {
  const stage = fetchStage('greeting');
  stage.post({ kind: 'received', message: { ...HELLO, acks: true } });
  stage.post({ kind: 'received', message: MESSAGES.bitfield });
  const [first, second, third] = [2, 3, 4].map((piece) => ({ ...BLOCK, piece })) as [Block, Block, Block];
  for (const block of [first, second]) stage.post({ kind: 'request', ...block, slots: [block.piece] });
  for (const block of [first, second]) {
    stage.post({ kind: 'received', message: { kind: 'piece', ...block } });
    stage.post({ kind: 'payloadDone' });
  }
  const words = said(stage.post({ kind: 'request', ...third, slots: [third.piece] }));
  assert.deepEqual(words, ['ack', 'ack', 'request']);
  stage.nowMs += ACK_DELAY_MS;
  assert.deepEqual(said(stage.post({ kind: 'wake' })), []);
});

test('P12, P25: each way of ending has its deadline, and none comes early', () => {
  const ask = { kind: 'request', ...BLOCK, slots: [1] } as const;
  const deadlines: readonly [string, FetchStage, number, string][] = [
    ['no connection', fetchStage('dialing'), CONNECT_DEADLINE_MS, 'timeout'],
    ['no hello', fetchStage('greeting'), HELLO_DEADLINE_MS, 'timeout'],
    ['silence', fetchStage('open'), PEER_DEAD_MS, 'timeout'],
  ];
  const drips = fetchStage('open');
  drips.post({ kind: 'frameBegun' });
  const snubs = fetchStage('open');
  snubs.post(ask);
  for (const [what, stage, ms, reason] of [
    ...deadlines,
    ['a frame that does not end', drips, FRAME_DEADLINE_MS, 'timeout'],
    ['no byte of what was asked', snubs, REQUEST_DEADLINE_MS, 'snubbed'],
  ] as const) {
    stage.pass(ms - 1);
    assert.equal(
      stage.effects.some(({ kind }) => kind === 'closeTcp'),
      false,
      `${what}: too early`,
    );
    stage.pass(1_001);
    assert.equal(reasonOf(stage), reason, what);
  }
});

test('a frame that ended is no longer waited for, even when the next has begun in the same breath', () => {
  const stage = fetchStage('open');
  for (let atMs = 0; atMs < 3 * FRAME_DEADLINE_MS; atMs += 5_000) {
    stage.post({ kind: 'frameBegun' });
    stage.pass(5_000);
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
  }
  assert.equal(reasonOf(stage), undefined);
});

test('every byte of a block puts the deadline off', () => {
  const stage = fetchStage('open');
  stage.post({ kind: 'request', ...BLOCK, slots: [1] });
  stage.post({ kind: 'received', message: MESSAGES.piece });
  for (let times = 0; times < 5; times += 1) {
    stage.pass(REQUEST_DEADLINE_MS - 1_000);
    stage.post({ kind: 'payloadBytes', count: 1 });
  }
  stage.post({ kind: 'payloadDone' });
  stage.pass(REQUEST_DEADLINE_MS * 2);
  assert.equal(reasonOf(stage), undefined, 'owes nothing any more');
});

test('an idle connection says that it lives', () => {
  const stage = fetchStage('open');
  for (let times = 0; times < 6; times += 1) {
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
    assert.deepEqual(said(stage.pass(KEEP_ALIVE_MS)), ['keepAlive']);
  }
});

test('a cancel is said only for what is still awaited', () => {
  const stage = fetchStage('open');
  assert.deepEqual(stage.post({ kind: 'cancel', ...BLOCK }), []);
  stage.post({ kind: 'request', ...BLOCK, slots: [1] });
  assert.deepEqual(said(stage.post({ kind: 'cancel', ...BLOCK })), ['cancel']);
  stage.post({ kind: 'received', message: MESSAGES.reject });
  assert.deepEqual(stage.post({ kind: 'cancel', ...BLOCK }), []);
});

test('P4: whatever a peer answers in whatever order, each slot comes back once, and the connection ends once', () => {
  const step = fc.tuple(fc.constantFrom('ask', 'piece', 'reject', 'cancel', 'noise'), fc.nat(5));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stage = fetchStage('open');
      /** The pieces asked for and not answered: a download asks no peer twice for one. */
      const lent = new Set<number>();
      for (const [what, piece] of steps) {
        const block = { ...BLOCK, piece };
        const effects = [];
        if (what === 'ask') {
          if (stage.effects.some(({ kind }) => kind === 'closeTcp')) break;
          if (lent.has(piece)) continue;
          lent.add(piece);
          effects.push(...stage.post({ kind: 'request', ...block, slots: [piece] }));
        } else if (what === 'cancel') effects.push(...stage.post({ kind: 'cancel', ...block }));
        else if (what === 'noise') effects.push(...stage.post({ kind: 'received', message: { kind: 'keepAlive' } }));
        else effects.push(...stage.post({ kind: 'received', message: { kind: what as 'piece' | 'reject', ...block } }));
        if (effects.some(({ kind }) => kind === 'receivePayload')) effects.push(...stage.post({ kind: 'payloadDone' }));
        for (const effect of effects) {
          if (effect.kind !== 'tell') continue;
          const { event } = effect;
          if (event.kind !== 'blockReceived' && event.kind !== 'blockRejected') continue;
          assert.ok(lent.delete(event.piece), 'what was lent, and not given back before');
        }
      }
      const ends = stage.post({ kind: 'tcpClosed', reason: 'closed', sentence: 'x' });
      assert.equal(ends.filter((effect) => effect.kind === 'tell' && effect.event.kind === 'disconnected').length, 1);
      assert.deepEqual(stage.post({ kind: 'tcpClosed', reason: 'closed', sentence: 'x' }), []);
    }),
  );
});

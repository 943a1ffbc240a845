// An accepted connection: every message in every phase, every deadline, and exactly one answer to every request (P4,
// P12, P13, P17).

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { PART_BYTES_MAX, PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { blockOf } from '../../../src/foundation/torrent/block.js';
import type { PeerMessage } from '../../../src/transfer/peer/codec/meaning.js';
import { KEEP_ALIVE_MS, PEER_DEAD_MS, UPLOAD_STALL_MS } from '../../../src/transfer/peer/limits.js';
import { BLOCK, HELLO, MESSAGES, OURS, PIECES, type ServePhase, type ServeStage, said, serveStage } from './stage.js';

const OPEN: Readonly<Record<PeerMessage['kind'], string>> = {
  hello: 'send error protocol, hangUp',
  bitfield: 'send error protocol, hangUp',
  have: 'send error protocol, hangUp',
  interested: '',
  notInterested: '',
  ack: 'tell acked',
  choke: 'send error protocol, hangUp',
  unchoke: 'send error protocol, hangUp',
  request: 'tell requested',
  cancel: 'tell cancelled',
  reject: 'send error protocol, hangUp',
  piece: 'send error protocol, hangUp',
  keepAlive: '',
  gone: 'send error protocol, hangUp',
  error: 'hangUp',
  infoWanted: 'send infoPart',
  infoPart: 'send error protocol, hangUp',
};

function outcomeOf(stage: ServeStage, message: PeerMessage): string {
  const effects = stage.post({ kind: 'received', message });
  return effects
    .map((effect) => {
      if (effect.kind === 'send') return `send ${said([effect])}`;
      return effect.kind === 'tell' ? `tell ${effect.report.kind}` : effect.kind;
    })
    .join(', ');
}

function expected(phase: ServePhase, kind: PeerMessage['kind']): string {
  if (phase === 'closed') return '';
  if (kind === 'error') return 'hangUp';
  if (phase === 'open') return OPEN[kind];
  return kind === 'hello'
    ? 'opened, tell joined, send hello, send bitfield, send unchoke'
    : 'send error protocol, hangUp';
}

for (const phase of ['greeting', 'open', 'closed'] as const) {
  test(`P4: every message while ${phase} does what the table says`, () => {
    for (const [kind, message] of Object.entries(MESSAGES) as [PeerMessage['kind'], PeerMessage][]) {
      assert.equal(outcomeOf(serveStage(phase), message), expected(phase, kind), kind);
    }
  });
}

test('a hello that cannot be served is refused with its reason', () => {
  const refusals: readonly [PeerMessage, string][] = [
    [{ ...HELLO, swarm: new Uint8Array(20) }, 'unknownSwarm'],
    [{ ...HELLO, pieceCount: 19 }, 'protocol'],
    [{ ...HELLO, peerId: OURS }, 'self'],
  ];
  for (const [hello, code] of refusals) {
    assert.equal(outcomeOf(serveStage('greeting'), hello), `send error ${code}, hangUp`);
  }
});

test('the bitfield goes out whole, in parts that fit their frames', () => {
  for (const pieceCount of [0, 1, 8, 9, PART_BYTES_MAX * 8, PART_BYTES_MAX * 8 + 1, PART_BYTES_MAX * 20]) {
    const stage = serveStage('open', pieceCount);
    const bytes: number[] = [];
    const lasts: boolean[] = [];
    for (const effect of stage.effects) {
      if (effect.kind !== 'send' || effect.message.kind !== 'bitfield') continue;
      assert.equal(effect.message.offset, bytes.length);
      assert.ok(effect.message.part.length <= PART_BYTES_MAX);
      bytes.push(...effect.message.part);
      lasts.push(effect.message.last);
    }
    assert.deepEqual(Uint8Array.from(bytes), stage.have.bytes);
    assert.deepEqual(lasts, [...Array(lasts.length - 1).fill(false), true]);
  }
});

test('a request beyond its piece or the file is refused; one for what we lack is rejected', () => {
  for (const wrong of [{ piece: PIECES }, { begin: 1 }, { begin: PIECE_SIZE - 1, length: 2 }]) {
    const message = { ...BLOCK, ...wrong, kind: 'request' } as const;
    assert.equal(outcomeOf(serveStage('open'), message), 'send error protocol, hangUp', JSON.stringify(wrong));
  }
  assert.equal(outcomeOf(serveStage('open'), { kind: 'request', ...BLOCK, piece: 4 }), 'send reject');
});

test('a piece that was got meanwhile is told and served', () => {
  const stage = serveStage('open');
  stage.have.set(4);
  assert.deepEqual(said(stage.post({ kind: 'haves', ranges: [[4, 1]] })), ['have']);
  assert.equal(outcomeOf(stage, { kind: 'request', ...BLOCK, piece: 4 }), 'tell requested');
});

test('haves before hello are not told: the bitfield will say them', () => {
  assert.deepEqual(serveStage('greeting').post({ kind: 'haves', ranges: [[4, 1]] }), []);
});

test('what ends a connection says why first', () => {
  const ends = [
    [{ kind: 'fileGone' }, 'gone'],
    [{ kind: 'faulted', fault: 'protocol', sentence: 'x'.repeat(1_000) }, 'error protocol'],
    [{ kind: 'faulted', fault: 'timeout', sentence: 'left a frame unfinished' }, 'error timeout'],
    [{ kind: 'refused' }, 'error busy'],
  ] as const;
  for (const [input, farewell] of ends) {
    const stage = serveStage('open');
    const effects = stage.post(input);
    assert.deepEqual([...said(effects), effects.at(-1)?.kind], [farewell, 'hangUp']);
  }
});

test('P12, P13: silence and unread payload end a connection at their deadlines, and not before', () => {
  const neverReads = serveStage('open');
  neverReads.post({ kind: 'received', message: MESSAGES.request });
  neverReads.post({ kind: 'handed' });
  const cases: readonly [string, ServeStage, number, readonly string[]][] = [
    ['silence', serveStage('open'), PEER_DEAD_MS, ['error timeout']],
    ['requests and does not read', neverReads, UPLOAD_STALL_MS, []],
  ];
  for (const [what, stage, ms, farewell] of cases) {
    stage.pass(ms - 1);
    assert.equal(
      stage.effects.some(({ kind }) => kind === 'hangUp'),
      false,
      `${what}: too early`,
    );
    const effects = stage.pass(1_001);
    assert.deepEqual(
      said(effects).filter((kind) => kind !== 'keepAlive'),
      farewell,
      what,
    );
    assert.ok(
      effects.some(({ kind }) => kind === 'hangUp'),
      what,
    );
  }
});

test('an idle connection says that it lives', () => {
  const stage = serveStage('open');
  for (let times = 0; times < 6; times += 1) {
    stage.post({ kind: 'received', message: { kind: 'keepAlive' } });
    assert.deepEqual(said(stage.pass(KEEP_ALIVE_MS)), ['keepAlive']);
  }
});

test('every request has exactly one answer, whatever becomes of it', () => {
  const step = fc.tuple(fc.constantFrom('ask', 'sent', 'failed'), fc.nat(PIECES - 1), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const stage = serveStage('open');
      const waiting: { piece: number; begin: number; length: number }[] = [];
      let [asked, answered] = [0, 0];
      for (const [what, piece, pick] of steps) {
        const effects = [];
        const [block] = what === 'ask' ? [] : waiting.splice(pick % Math.max(1, waiting.length), 1);
        if (what === 'ask') {
          asked += 1;
          effects.push(...stage.post({ kind: 'received', message: { kind: 'request', ...BLOCK, piece } }));
        } else if (block !== undefined && what === 'sent') {
          answered += 1;
          stage.post({ kind: 'handed' });
          stage.post({ kind: 'taken', completes: true });
        } else if (block !== undefined) {
          effects.push(...stage.post({ kind: 'blockFailed', block }));
        }
        for (const effect of effects) {
          if (effect.kind === 'tell' && effect.report.kind === 'requested') waiting.push(blockOf(effect.report));
          if (effect.kind === 'send' && effect.message.kind === 'reject') answered += 1;
        }
        assert.equal(asked, answered + waiting.length);
      }
    }),
  );
});

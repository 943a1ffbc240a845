// A link becomes a .mtorrent whatever some of its trackers and peers do: as long as one honest tracker, and one honest
// peer where a list is needed, are there, the right bytes come out; wrong ones never do; and every attempt ends.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { AssemblyMachine } from '../../../src/client/links/assembly.js';
import { HASH_PARTS_AT_ONCE, LINK_PATIENCE_MS, LINK_UNLISTED_MS } from '../../../src/client/links/limits.js';
import type { AssemblyEffect, AssemblyInput } from '../../../src/client/links/messages.js';
import { infoBeginning, mtorrentText } from '../../../src/client/links/mtorrent-text.js';
import type { Wake } from '../../../src/foundation/actor/machine.js';
import { DIGEST_SIZE, PART_BYTES_MAX, PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { type Address, formatAddress } from '../../../src/foundation/torrent/address.js';
import { swarmKey } from '../../../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../../../src/foundation/torrent/info-text.js';
import type { Link } from '../../../src/foundation/torrent/link.js';

const TRACKERS = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

type TrackerKind =
  | 'honest'
  | 'short'
  | 'liar'
  | 'long'
  | 'empty'
  | 'dead'
  | 'mute'
  | 'old'
  | 'unlisted'
  | 'late'
  | 'lost';
type PeerKind = 'honest' | 'liar' | 'lacks';

interface Scene {
  readonly link: Link;
  readonly digests: Uint8Array;
  readonly list: Uint8Array;
  readonly trackers: readonly [TrackerKind, TrackerKind];
  /** By each tracker, those that it names. */
  readonly peers: readonly (readonly PeerKind[])[];
}

function sceneOf(pieces: number, listBytes: number, trackers: Scene['trackers'], peers: Scene['peers']): Scene {
  const digests = Uint8Array.from({ length: pieces * DIGEST_SIZE }, (_, at) => (at * 13) % 256);
  const list = Uint8Array.from({ length: listBytes }, (_, at) => 33 + (at % 90));
  const facts = { name: 'dir', size: pieces * PIECE_SIZE };
  const hash = createHash('sha256');
  for (const part of infoBeginning(facts, digests)) hash.update(part);
  const link: Link = {
    ...facts,
    swarm: swarmKey(createHash('sha1').update(digests).digest()),
    info: hash.update(list).digest('hex') as InfoDigest,
    listBytes,
    trackers: TRACKERS,
  };
  return { link, digests, list, trackers, peers };
}

interface Played {
  readonly end: Extract<AssemblyEffect, { kind: 'done' | 'failed' }>;
  readonly ms: number;
  readonly asked: ReadonlyMap<string, number>;
}

/** Plays trackers and peers against the machine in virtual time. */
class Play {
  readonly asked = new Map<string, number>();
  readonly #scene: Scene;
  readonly #machine: AssemblyMachine;
  readonly #inbox: (AssemblyInput | Wake)[] = [{ kind: 'begin' }];
  /** Hash requests under way, by tracker. */
  readonly #open = new Map<number, number>();
  readonly #peers: readonly (readonly Address[])[];
  readonly #kinds = new Map<string, PeerKind>();
  #nowMs = 0;
  #wakeMs = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#machine = new AssemblyMachine(scene.link);
    this.#peers = scene.peers.map((kinds, tracker) =>
      kinds.map((kind, at): Address => {
        const peer = { host: `10.0.${tracker}.${at + 1}`, port: 6881 };
        this.#kinds.set(formatAddress(peer), kind);
        return peer;
      }),
    );
  }

  toTheEnd(): Played {
    for (;;) {
      const input = this.#inbox.shift() ?? { kind: 'wake' as const };
      if (input.kind === 'wake') this.#nowMs = this.#wakeMs;
      if (input.kind === 'hashPart') this.#count(input.tracker, -1);
      assert.ok(this.#nowMs < 200_000, 'it ends');
      for (const effect of this.#machine.receive(input, this.#nowMs)) {
        if (effect.kind === 'done' || effect.kind === 'failed')
          return { end: effect, ms: this.#nowMs, asked: this.asked };
        if (effect.kind === 'wakeAt') {
          assert.ok(effect.atMs > this.#nowMs, 'time goes on');
          this.#wakeMs = effect.atMs;
        } else this.#perform(effect);
      }
    }
  }

  #perform(effect: Exclude<AssemblyEffect, { kind: 'done' | 'failed' }>): void {
    if (effect.kind === 'dialTracker') this.#dialed(effect.tracker);
    else if (effect.kind === 'askHash') this.#answerHash(effect.tracker, effect.offset, effect.length);
    else if (effect.kind === 'fetchList') this.#answerList(effect.peer);
    else if (effect.kind === 'askSeeders' && this.#kindOf(effect.tracker) !== 'mute') {
      const { tracker } = effect;
      this.#inbox.push({ kind: 'seeders', tracker, peers: this.#peers[tracker] ?? [] });
    }
  }

  #dialed(tracker: number): void {
    const kind = this.#kindOf(tracker);
    this.#open.set(tracker, 0);
    const fail = (why: 'away' | 'old', reason: string): unknown =>
      this.#inbox.push({ kind: 'trackerFailed', tracker, why, reason });
    if (kind === 'dead' || (kind === 'late' && this.#nowMs < 2_000)) fail('away', 'ECONNREFUSED');
    else if (kind === 'old') fail('old', 'old release');
    else this.#inbox.push({ kind: 'trackerReady', tracker });
  }

  #answerHash(tracker: number, offset: number, length: number): void {
    const kind = this.#kindOf(tracker);
    this.#count(tracker, 1);
    const right = this.#scene.digests.slice(offset, offset + length);
    const say = (part: Uint8Array): unknown => this.#inbox.push({ kind: 'hashPart', tracker, offset, part });
    if (kind === 'honest' || kind === 'late') say(right);
    else if (kind === 'short') say(right.subarray(0, Math.max(1, Math.floor(length / 2))));
    else if (kind === 'liar') say(right.map((byte) => byte ^ 1));
    else if (kind === 'long') say(Buffer.concat([right, right, Uint8Array.of(1)]));
    else if (kind === 'empty') say(new Uint8Array(0));
    else if (kind !== 'mute') {
      const why = kind === 'unlisted' ? 'unlisted' : 'away';
      this.#inbox.push({ kind: 'trackerFailed', tracker, why, reason: 'refused' });
    }
  }

  #answerList(peer: Address): void {
    const { list } = this.#scene;
    const key = formatAddress(peer);
    this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
    const kind = this.#kinds.get(key);
    if (kind === 'lacks') this.#inbox.push({ kind: 'listFailed', peer, reason: 'it has not got the list' });
    else
      this.#inbox.push({ kind: 'listFetched', peer, bytes: kind === 'honest' ? list : list.map((byte) => byte ^ 1) });
  }

  #kindOf(tracker: number): TrackerKind {
    return this.#scene.trackers[tracker as 0 | 1];
  }

  #count(tracker: number, change: number): void {
    const open = (this.#open.get(tracker) ?? 0) + change;
    assert.ok(open <= HASH_PARTS_AT_ONCE);
    this.#open.set(tracker, open);
  }
}

function play(scene: Scene): Played {
  return new Play(scene).toTheEnd();
}

const ANY_TRACKER: readonly TrackerKind[] = [
  'honest',
  'short',
  'liar',
  'long',
  'empty',
  'dead',
  'mute',
  'old',
  'unlisted',
  'late',
  'lost',
];
const GOOD: readonly TrackerKind[] = ['honest', 'short', 'late'];

test('whatever some trackers and peers do, an honest one of each is enough, and nothing wrong comes out', () => {
  const kinds = fc.constantFrom(...ANY_TRACKER);
  const peerKinds = fc.array(fc.constantFrom<PeerKind>('honest', 'liar', 'lacks'), { maxLength: 4 });
  fc.assert(
    fc.property(
      fc.nat(5_000),
      fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 * PART_BYTES_MAX })),
      fc.tuple(kinds, kinds),
      fc.tuple(peerKinds, peerKinds),
      (pieces, listBytes, trackers, peers) => {
        const scene = sceneOf(pieces, listBytes, trackers, peers);
        const { end, asked } = play(scene);
        const hasHashes = pieces === 0 || trackers.some((kind) => GOOD.includes(kind));
        // A tracker that went, or lied about the piece hashes, may have named its peers before.
        const hasList =
          listBytes === 0 || trackers.some((kind, at) => GOOD.includes(kind) && peers[at]?.includes('honest'));
        if (hasHashes && hasList) assert.equal(end.kind, 'done', JSON.stringify(end));
        if (end.kind === 'done') {
          assert.deepEqual(end.digests, scene.digests);
          assert.deepEqual(end.list, scene.list);
        } else assert.ok(end.sentence.length > 20 && end.sentence.includes('; '), end.sentence);
        for (const [peer, times] of asked) {
          const [, tracker = '', at = ''] = /^10\.0\.(\d)\.(\d)/.exec(peer) ?? [];
          if (peers[Number(tracker)]?.[Number(at) - 1] === 'liar') assert.equal(times, 1, 'a liar is asked once');
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('the bytes that come out are the text of the file that the link was made of', () => {
  const scene = sceneOf(3, 500, ['honest', 'dead'], [['honest'], []]);
  const { end } = play(scene);
  assert.ok(end.kind === 'done');
  const text = Buffer.concat([...mtorrentText(scene.link, end.digests, end.list)]).toString('latin1');
  assert.ok(text.startsWith('192.0.2.1:7000\n192.0.2.2:7000\ndir\n1572864\n'), text);
  const info = text.split('\n').slice(2).join('\n');
  assert.equal(createHash('sha256').update(info, 'latin1').digest('hex'), scene.link.info);
});

test('what a link needs no peer for asks none, and a link of nothing asks nobody for piece hashes', () => {
  const { end, asked, ms } = play(sceneOf(9, 0, ['honest', 'honest'], [['honest'], ['liar']]));
  assert.equal(end.kind, 'done');
  assert.deepEqual([asked.size, ms], [0, 0]);
  assert.equal(play(sceneOf(0, 0, ['dead', 'dead'], [[], []])).end.kind, 'done');
});

test('each way to get nothing has its code, names both trackers, and ends when waiting cannot help', () => {
  const cases: readonly (readonly [TrackerKind, TrackerKind, code: string, afterMs: number])[] = [
    ['dead', 'dead', 'NO_TRACKER', LINK_PATIENCE_MS],
    ['mute', 'dead', 'NO_TRACKER', LINK_PATIENCE_MS],
    ['unlisted', 'unlisted', 'NOT_LISTED', LINK_UNLISTED_MS],
    ['unlisted', 'dead', 'NOT_LISTED', LINK_PATIENCE_MS],
    ['old', 'old', 'WRONG_VERSION', 0],
    ['old', 'dead', 'WRONG_VERSION', LINK_PATIENCE_MS],
    ['liar', 'liar', 'VERIFICATION_FAILED', 0],
    ['liar', 'unlisted', 'VERIFICATION_FAILED', LINK_UNLISTED_MS],
  ];
  for (const [first, second, code, afterMs] of cases) {
    const { end, ms } = play(sceneOf(9, 10, [first, second], [[], []]));
    assert.ok(end.kind === 'failed' && end.code === code, JSON.stringify(end));
    assert.match(end.sentence, /192\.0\.2\.1:7000: .*192\.0\.2\.2:7000: /);
    assert.ok(ms >= afterMs && ms <= afterMs + 12_000, `${code} after ${ms}`);
  }
});

test('a list that nobody gives says whether nobody is there, nobody has it, or somebody lies', () => {
  const codes = [[], ['lacks'], ['liar', 'lacks']].map((kinds) => {
    const { end } = play(sceneOf(9, 10, ['honest', 'honest'], [kinds as PeerKind[], []]));
    return end.kind === 'failed' ? `${end.code}: ${end.sentence}` : end.kind;
  });
  assert.match(codes[0] ?? '', /^UNFINISHED: nobody who has the list of dir is online/);
  assert.match(codes[1] ?? '', /^UNFINISHED: the one peer .*10\.0\.0\.1:6881: it has not got the list/);
  assert.match(codes[2] ?? '', /^VERIFICATION_FAILED: 2 peers .*10\.0\.0\.1:6881: it gave another list/);
});

test('a link whose name or size was changed is refused once the piece hashes are there', () => {
  const scene = sceneOf(9, 0, ['honest', 'honest'], [[], []]);
  for (const changed of [{ name: 'other' }, { size: 9 * PIECE_SIZE - 1 }]) {
    const { end } = play({ ...scene, link: { ...scene.link, ...changed } });
    assert.ok(end.kind === 'failed' && end.code === 'VERIFICATION_FAILED', JSON.stringify(end));
  }
});

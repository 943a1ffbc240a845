// What a seed means: the whole of a simulated swarm, drawn once and printed when a run fails.

import assert from 'node:assert/strict';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import { Prng } from '../../src/foundation/base/prng.js';
import { Bitfield } from '../../src/foundation/torrent/bitfield.js';
import type { WantedPieces } from '../../src/foundation/torrent/folder/wanted-pieces.js';

/** How a node treats those who fetch from it. */
export const MANNERS = ['honest', 'corrupt', 'silent', 'drip', 'rejects', 'chokes', 'hushed', 'dead'] as const;
/** Those that are drawn, and one that is only asked for: its bytes are never right. */
export type Manner = (typeof MANNERS)[number] | 'lies';

export interface NodeOptions {
  readonly manner: Manner;
  /** Pieces on its disk at the start. */
  readonly has: readonly number[];
  /** Wants the file. */
  readonly leeches: boolean;
  /** Wants only some of its pieces. */
  readonly choice?: (pieceCount: number) => WantedPieces;
  /** Bytes a millisecond to each who fetches from it. */
  readonly rate: number;
  /** Bytes a second of the whole client; 0: no limit. */
  readonly uploadLimit: number;
  readonly downloadLimit: number;
  /** Stopped at this time, and started again some time later. */
  readonly stopAtMs: number | undefined;
  /** Its disk refuses this many-th store, and works again when the download is started anew. */
  readonly failsAtStore: number | undefined;
}

export interface SwarmOptions {
  readonly seed: number;
  readonly pieceCount: number;
  readonly size: number;
  readonly slots: number;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly hashMs: number;
  /** This many-th operation of all nodes (dial, request, store, finish) fails; undefined: none is made to. */
  readonly failsAt: number | undefined;
  /** Chance that a connection is cut at some time in its first minute. */
  readonly cuts: number;
  readonly nodes: readonly NodeOptions[];
}

export function optionsOf(seed: number): SwarmOptions {
  const prng = new Prng(seed);
  const pick = <T>(...choices: readonly T[]): T => choices[prng.below(choices.length)] as T;
  const pieceCount = pick(0, 1, 2, 3, 5, 8, 13, 21, 34);
  const all = Array.from({ length: pieceCount }, (_, piece) => piece);
  const some = (share: number): number[] => all.filter(() => prng.next() < share);
  const rate = (): number => 2 ** (5 + prng.next() * 10);
  // Drawn apart, so that seeds from before there were limits mean what they meant.
  const limits = new Prng(seed ^ 0x51ed);
  const limit = (): number => (limits.next() < 0.7 ? 0 : Math.round(2 ** (15 + limits.next() * 9)));
  const node = (manner: Manner, has: readonly number[], leeches: boolean): NodeOptions => ({
    manner,
    has,
    leeches,
    rate: rate(),
    uploadLimit: limit(),
    downloadLimit: limit(),
    stopAtMs: leeches && prng.next() < 0.3 ? prng.next() * 20_000 : undefined,
    failsAtStore: leeches && prng.next() < 0.15 ? 1 + prng.below(5) : undefined,
  });
  const nodes: NodeOptions[] = [];
  // Every piece is with somebody honest who stays: with one, or spread over two.
  if (prng.next() < 0.5) nodes.push(node('honest', all, false));
  else {
    const half = some(0.5);
    nodes.push(
      node('honest', half, false),
      node(
        'honest',
        all.filter((piece) => !half.includes(piece)),
        false,
      ),
    );
  }
  for (let extra = prng.below(4); extra > 0; extra -= 1)
    nodes.push(node(pick(...MANNERS), prng.next() < 0.6 ? all : some(0.5), false));
  for (let leeches = 1 + prng.below(3); leeches > 0; leeches -= 1) {
    nodes.push(node(prng.next() < 0.8 ? 'honest' : pick(...MANNERS), prng.next() < 0.8 ? [] : some(0.3), true));
  }
  prng.shuffle(nodes);
  return {
    seed,
    pieceCount,
    size: pieceCount === 0 ? 0 : pieceCount * PIECE_SIZE - prng.below(PIECE_SIZE),
    slots: pick(2, 3, 5, 8, 24, 96),
    latencyMs: pick(0, 1, 5, 50, 200),
    jitterMs: pick(0, 1, 20),
    hashMs: pick(0, 1, 10, 200),
    failsAt: undefined,
    cuts: pick(0, 0, 0.2, 0.5),
    nodes,
  };
}

/** The same swarm on links of this machine: as quick as peers must be to be asked for runs of pieces. */
export function quickOptions(seed: number): SwarmOptions {
  const { nodes, pieceCount, size, ...rest } = optionsOf(seed);
  const fourOf = (piece: number): number[] => [0, 1, 2, 3].map((at) => 4 * piece + at);
  const quick = nodes.map((node) => ({ ...node, rate: node.rate * 256, has: node.has.flatMap(fourOf) }));
  const large = { pieceCount: 4 * pieceCount, size: size + 3 * pieceCount * PIECE_SIZE };
  return { ...rest, ...large, latencyMs: 1, jitterMs: 0, slots: Math.max(rest.slots, 8), nodes: quick };
}

/**
 * The same swarm with a sparse file: whoever fetches it has its pieces of zeros from the start. Some fetch them all the
 * same, since they are of a release that does not know of zeros.
 */
export function sparseOptions(seed: number): SwarmOptions {
  const options = optionsOf(seed);
  const prng = new Prng(seed ^ 0x2e05);
  const zeros = Array.from({ length: options.pieceCount }, (_, piece) => piece).filter(() => prng.next() < 0.7);
  const nodes = options.nodes.map((node) => {
    const knowsZeros = node.leeches && prng.next() < 0.7;
    return knowsZeros ? { ...node, has: [...new Set([...node.has, ...zeros])] } : node;
  });
  return { ...options, nodes };
}

/** The same swarm of a folder, of which most that fetch it chose some entries. */
export function partialOptions(seed: number): SwarmOptions {
  const options = optionsOf(seed);
  const prng = new Prng(seed ^ 0x0f01);
  const nodes = options.nodes.map((node) => {
    if (!node.leeches || prng.next() < 0.3) return node;
    const [wantedShare, wholeShare, nodeSeed] = [prng.next(), prng.next(), prng.below(2 ** 32)];
    const choice = (pieceCount: number): WantedPieces => {
      const drawn = new Prng(nodeSeed);
      const [wanted, whole] = [new Bitfield(pieceCount), new Bitfield(pieceCount)];
      for (let piece = 0; piece < pieceCount; piece += 1) {
        if (drawn.next() >= wantedShare) continue;
        wanted.set(piece);
        if (drawn.next() < wholeShare) whole.set(piece);
      }
      return { wanted, whole };
    };
    return { ...node, choice };
  });
  return { ...options, nodes };
}

/** A quiet swarm, in which nothing fails but operation number `failsAt`: two half seeders and two leechers. */
export function quietOptions(seed: number, failsAt: number): SwarmOptions {
  const all = Array.from({ length: 6 }, (_, piece) => piece);
  const node = (has: readonly number[], leeches: boolean): NodeOptions => {
    return {
      manner: 'honest',
      has,
      leeches,
      rate: 1_000,
      stopAtMs: undefined,
      failsAtStore: undefined,
      uploadLimit: 0,
      downloadLimit: 0,
    };
  };
  const halves = [all.filter((piece) => piece < 4), all.filter((piece) => piece > 2)];
  return {
    seed,
    pieceCount: all.length,
    size: all.length * PIECE_SIZE - 100,
    slots: 8,
    latencyMs: 5,
    jitterMs: 1,
    hashMs: 1,
    failsAt,
    cuts: 0,
    nodes: [...halves.map((half) => node(half, false)), node([], true), node([], true)],
  };
}

/** One leecher and these sources of the whole file; nothing fails. */
export function sourcesOptions(seed: number, sources: readonly (readonly [Manner, rate: number])[]): SwarmOptions {
  const quiet = quietOptions(seed, 0);
  const pieceCount = 24;
  const all = Array.from({ length: pieceCount }, (_, piece) => piece);
  const [some] = quiet.nodes;
  assert.ok(some !== undefined);
  const node = (manner: Manner, has: readonly number[], rate: number): NodeOptions => {
    return { ...some, manner, has, leeches: has.length === 0, rate };
  };
  const nodes = [node('honest', [], 1_000), ...sources.map(([manner, rate]) => node(manner, all, rate))];
  return { ...quiet, pieceCount, size: pieceCount * PIECE_SIZE - 100, slots: 96, nodes };
}

/** For the failure's message: short enough to read, whole enough to argue from. */
export function describeOptions({ nodes, ...rest }: SwarmOptions): string {
  const lines = nodes.map(
    (node, at) => `  ${at}: ${JSON.stringify({ ...node, has: node.has.length, rate: Math.round(node.rate) })}`,
  );
  return `${JSON.stringify(rest)}\n${lines.join('\n')}`;
}

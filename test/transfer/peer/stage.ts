// One end of a peer connection without a socket: what is put in, what comes out, and a clock that a test moves.

import type { Machine, Wake, WakeAt } from '../../../src/foundation/actor/machine.js';
import { PIECE_SIZE } from '../../../src/foundation/base/limits.js';
import { Bitfield } from '../../../src/foundation/torrent/bitfield.js';
import type { Block } from '../../../src/foundation/torrent/block.js';
import { Geometry } from '../../../src/foundation/torrent/geometry.js';
import { peerId } from '../../../src/foundation/torrent/ids.js';
import type { PeerHello, PeerMessage } from '../../../src/transfer/peer/codec/meaning.js';
import { type FetchEffect, type FetchInput, FetchMachine } from '../../../src/transfer/peer/fetch/machine.js';
import {
  type ServedFile,
  type ServedMetadata,
  type ServeEffect,
  type ServeInput,
  ServeMachine,
} from '../../../src/transfer/peer/serve/machine.js';

export const SWARM = new Uint8Array(20).fill(7);
export const OURS = peerId(new Uint8Array(16).fill(1));
export const THEIRS = peerId(new Uint8Array(16).fill(2));
export const PIECES = 20;
export const BLOCK: Block = { piece: 3, begin: 0, length: PIECE_SIZE };

export const HELLO: PeerHello = {
  kind: 'hello',
  swarm: SWARM,
  peerId: THEIRS,
  uploadPort: 6881,
  pieceCount: PIECES,
  acks: false,
  runs: false,
  parallel: false,
  metadata: false,
};

/** One of each kind, as a peer could send it. */
export const MESSAGES: Readonly<Record<PeerMessage['kind'], PeerMessage>> = {
  hello: HELLO,
  bitfield: { kind: 'bitfield', offset: 0, part: Uint8Array.of(0xff, 0xff, 0xf0), last: true },
  have: { kind: 'have', ranges: [[1, 2]] },
  interested: { kind: 'interested' },
  notInterested: { kind: 'notInterested' },
  choke: { kind: 'choke' },
  unchoke: { kind: 'unchoke' },
  request: { kind: 'request', ...BLOCK },
  cancel: { kind: 'cancel', ...BLOCK },
  reject: { kind: 'reject', ...BLOCK },
  piece: { kind: 'piece', ...BLOCK },
  keepAlive: { kind: 'keepAlive' },
  gone: { kind: 'gone' },
  error: { kind: 'error', code: 'busy', sentence: 'later' },
  ack: { kind: 'ack' },
  infoWanted: { kind: 'infoWanted', info: new Uint8Array(32), offset: 0 },
  infoPart: { kind: 'infoPart', offset: 0, part: Uint8Array.of(1) },
};

export class Stage<Input extends { readonly kind: string }, Effect extends { readonly kind: string }> {
  readonly effects: Effect[] = [];
  nowMs = 0;
  readonly #machine: Machine<Input | Wake, Effect | WakeAt>;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(machine: Machine<Input | Wake, Effect | WakeAt>) {
    this.#machine = machine;
  }

  post(input: Input | Wake): readonly Effect[] {
    const effects: Effect[] = [];
    for (const effect of this.#machine.receive(input, this.nowMs)) {
      if (isWakeAt(effect)) this.#wakeMs = effect.atMs;
      else effects.push(effect);
    }
    this.effects.push(...effects);
    return effects;
  }

  /** Moves the clock, waking the machine when it asked for it. */
  pass(ms: number): readonly Effect[] {
    const effects: Effect[] = [];
    const untilMs = this.nowMs + ms;
    while (this.#wakeMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.#wakeMs);
      this.#wakeMs = Number.POSITIVE_INFINITY;
      effects.push(...this.post({ kind: 'wake' }));
    }
    this.nowMs = untilMs;
    return effects;
  }
}

function isWakeAt(effect: { readonly kind: string }): effect is WakeAt {
  return effect.kind === 'wakeAt';
}

export type FetchPhase = 'dialing' | 'greeting' | 'open' | 'closing';
export type FetchStage = Stage<FetchInput, FetchEffect>;

/** A dialed connection, led into `phase`; when open it has heard of pieces 0…19 unless `bitfield` says no. */
export function fetchStage(phase: FetchPhase, { bitfield = true, pieceCount = PIECES } = {}): FetchStage {
  const stage = new Stage<FetchInput, FetchEffect>(
    new FetchMachine({ connection: 9, swarm: SWARM, peerId: OURS, uploadPort: 1, pieceCount, startedMs: 0 }),
  );
  stage.post({ kind: 'wake' });
  if (phase === 'dialing') return stage;
  stage.post({ kind: 'tcpConnected' });
  if (phase === 'greeting') return stage;
  stage.post({ kind: 'received', message: { ...HELLO, pieceCount } });
  if (bitfield) stage.post({ kind: 'received', message: MESSAGES.bitfield });
  if (phase === 'closing') stage.post({ kind: 'hangUp' });
  return stage;
}

/** Why a connection ended, once its socket has said so; undefined when it has not asked the socket to end. */
export function reasonOf(stage: FetchStage): string | undefined {
  if (!stage.effects.some(({ kind }) => kind === 'closeTcp')) return undefined;
  for (const effect of stage.post({ kind: 'tcpClosed', reason: 'closed', sentence: 'x' })) {
    if (effect.kind === 'tell' && effect.event.kind === 'disconnected') return effect.event.reason;
  }
  return undefined;
}

export type ServePhase = 'greeting' | 'open' | 'closed';
export type ServeStage = Stage<ServeInput, ServeEffect> & { readonly have: Bitfield };

/** An accepted connection, led into `phase`; we have every piece but 4. */
export function serveStage(phase: ServePhase, pieceCount = PIECES, metadata?: ServedMetadata): ServeStage {
  const have = new Bitfield(pieceCount);
  have.setAll();
  if (pieceCount > 4) have.clear(4);
  const geometry = new Geometry(pieceCount * PIECE_SIZE);
  const served: ServedFile = { file: 5, swarm: SWARM, geometry, bitfield: have, metadata };
  const machine = new ServeMachine({
    connection: 3,
    peerIdIn: () => OURS,
    uploadPort: () => 77,
    lookUp: (swarm) => (swarm[0] === SWARM[0] ? served : undefined),
    startedMs: 0,
  });
  const stage = Object.assign(new Stage<ServeInput, ServeEffect>(machine), { have });
  stage.post({ kind: 'wake' });
  if (phase !== 'greeting') stage.post({ kind: 'received', message: { ...HELLO, pieceCount } });
  if (phase === 'closed') stage.post({ kind: 'fileGone' });
  return stage;
}

/** What was said on the wire, by kind, an error with its code. */
export function said(effects: readonly (FetchEffect | ServeEffect)[]): readonly string[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    return [effect.message.kind === 'error' ? `error ${effect.message.code}` : effect.message.kind];
  });
}

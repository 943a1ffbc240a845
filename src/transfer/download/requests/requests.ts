// Which blocks of a claim are asked for now: a whole piece at once, a run of them, or under a limit one block after the other as the
// pacer lets it. A claim that was begun is asked to its end before another begins, so that pieces come whole one by one. Keeps what
// each request has cost of the limit, to give it back when it is not answered. Never decides which piece. Pure.

import { NO_EFFECTS } from '../../../foundation/actor/machine.js';
import { assert, present } from '../../../foundation/base/assert.js';
import { PIECE_SIZE, UPLOAD_REQUESTS_PER_PEER_MAX } from '../../../foundation/base/limits.js';
import type { DownloadEffect } from '../effects.js';
import type { Peer } from '../peers/peer.js';
import type { Pacer } from './pacer.js';
import type { Claim } from './pieces.js';

export class Requests {
  readonly #file: number;
  readonly #pacer: Pacer;
  #begun: { readonly peer: Peer; readonly claim: Claim; readonly length: number } | undefined;
  /** Something more would have been asked in this round. */
  #refused = false;

  constructor(file: number, pacer: Pacer) {
    this.#file = file;
    this.#pacer = pacer;
  }

  /** May a piece be asked of this peer now? Under a limit as many small blocks as its line takes, and no more. */
  mayBegin(peer: Peer, nowMs: number): boolean {
    if (peer.blocksOpen + PIECE_SIZE / this.#pacer.blockBytes > UPLOAD_REQUESTS_PER_PEER_MAX) return false;
    return this.#mayAsk(nowMs);
  }

  /** May several pieces be asked for at once? Under a limit each of them is paid alone. */
  get mayRun(): boolean {
    return !this.#pacer.isLimited;
  }

  /** @param length bytes of the claim's piece. */
  begin(peer: Peer, claim: Claim, length: number, nowMs: number): readonly DownloadEffect[] {
    this.#begun = { peer, claim, length };
    return this.goOn(nowMs);
  }

  /** Asks for pieces that lie side by side, `length` bytes together. */
  beginRun(peer: Peer, run: readonly Claim[], length: number): readonly DownloadEffect[] {
    assert(this.mayRun && this.#begun === undefined, 'nothing is paid, so nothing waits');
    const { piece, connection } = present(run[0], 'a run has pieces');
    for (const claim of run) {
      claim.unasked = 0;
      claim.blocksOpen = 1;
    }
    peer.asked(length, false);
    return [{ kind: 'request', connection, piece, begin: 0, length, slots: run.map(({ slot }) => slot) }];
  }

  /** As much of the claim that was begun as may be asked now. */
  goOn(nowMs: number): readonly DownloadEffect[] {
    if (this.#begun === undefined) return NO_EFFECTS;
    const { peer, claim, length } = this.#begun;
    const { piece, connection, slot } = claim;
    const effects: DownloadEffect[] = [];
    while (claim.unasked > 0 && !peer.hangingUp && this.#mayAsk(nowMs)) {
      const bytes = Math.min(this.#pacer.blockBytes, claim.unasked);
      effects.push({ kind: 'request', connection, piece, begin: length - claim.unasked, length: bytes, slots: [slot] });
      claim.unasked -= bytes;
      claim.blocksOpen += 1;
      claim.sinceMs = nowMs;
      peer.asked(bytes, this.#pacer.isLimited);
      this.#pacer.asked(this.#file, bytes, nowMs);
    }
    if (claim.unasked === 0 || peer.hangingUp) this.#begun = undefined;
    return effects;
  }

  /** Everyone was asked for what there is to ask. */
  endRound(): void {
    if (!this.#refused) this.#pacer.leave(this.#file);
    this.#refused = false;
  }

  /** When to go on after a refusal; undefined when nothing was refused. */
  readyMs(nowMs: number): number | undefined {
    return this.#pacer.readyMs(this.#file, nowMs);
  }

  rejected(peer: Peer, bytes: number, nowMs: number): void {
    this.#pacer.gaveBack(peer.answered(bytes), nowMs);
  }

  lost(peer: Peer, nowMs: number): void {
    this.#pacer.gaveBack(Math.min(peer.paidBytes, peer.awaitedBytes), nowMs);
  }

  /** What was asked at another rate is not paid at this one. Answers the claims to cancel, as too much of them is on its way. */
  rateChanged(peers: Iterable<Peer>): readonly Claim[] {
    let awaited = 0;
    const claims: Claim[] = [];
    for (const peer of peers) {
      peer.paidBytes = 0;
      awaited += peer.awaitedBytes;
      claims.push(...peer.claims.values());
    }
    return awaited > this.#pacer.awaitedMax ? claims : [];
  }

  /** Nothing more is asked. */
  close(): void {
    this.#begun = undefined;
    this.#pacer.leave(this.#file);
  }

  #mayAsk(nowMs: number): boolean {
    const may = this.#pacer.mayAsk(this.#file, nowMs);
    if (!may) this.#refused = true;
    return may;
  }
}

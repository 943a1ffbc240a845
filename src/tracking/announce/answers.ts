// What a tracker's answer to a question about a file means for what is still to be told, and for the client. Pure.

import { unreachable } from '../../foundation/base/assert.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { Refusal, TrackerReply } from '../tracker/messages.js';
import type { AnnounceEffect } from './effects.js';
import { usableSeeders } from './seeders.js';
import type { Question, Wanted } from './wanted.js';

export class Answers {
  readonly #wanted: Wanted;
  readonly #emit: (effect: AnnounceEffect) => void;

  constructor(wanted: Wanted, emit: (effect: AnnounceEffect) => void) {
    this.#wanted = wanted;
    this.#emit = emit;
  }

  /** @param own our addresses, which are no peer's. */
  answered(question: Question, reply: TrackerReply, own: readonly Address[], nowMs: number): void {
    switch (question.kind) {
      case 'share': {
        const { swarm, have } = question.sharing;
        const piecesNeeded = reply.kind === 'shared' && reply.piecesNeeded;
        if (this.#wanted.shared(swarm, have, piecesNeeded, nowMs)) this.#tell({ kind: 'registered', swarm });
        return;
      }
      case 'remove':
        if (this.#wanted.removed(question.swarm, nowMs)) this.#tell({ kind: 'withdrawn', swarm: question.swarm });
        return;
      case 'seeders': {
        const seeders = usableSeeders(reply.kind === 'seederList' ? reply.seeders : [], own);
        const { swarm } = question;
        if (this.#wanted.found(swarm)) this.#tell({ kind: 'seedersFound', swarm, seeders });
        return;
      }
      case 'part':
        this.#wanted.partAnswered();
        return;
      case 'announce':
      case 'summary':
        return;
      default:
        unreachable(question);
    }
  }

  refused(question: Question, { code, sentence }: Refusal, nowMs: number): void {
    const swarm = question.kind === 'share' ? question.sharing.swarm : question.swarm;
    // What is wrong with the request itself stays wrong.
    const isForGood = code === 'invalid' || code === 'protocol';
    const fields = { swarm, code, asked: question.kind };
    this.#emit({ kind: 'log', fields, sentence: `refused: ${sentence}` });
    if (question.kind === 'part') {
      this.partEnded(swarm);
      return;
    }
    if (question.kind === 'summary') {
      if (code === 'unknown') this.#wanted.summaries.refused(swarm);
      return;
    }
    if (question.kind === 'announce') {
      if (code === 'unknown') this.#wanted.forgotten(swarm);
      else if (!isForGood) this.#wanted.progressRefused(swarm, nowMs);
      return;
    }
    if (question.kind === 'share') this.#wanted.shareRefused(swarm, isForGood, nowMs);
    else if (question.kind === 'remove') this.#wanted.removeRefused(swarm, isForGood, nowMs);
    else this.#wanted.found(swarm);
    this.#tell({ kind: 'refused', swarm, code, sentence });
  }

  /** @param swarm whose part could not be sent; undefined: it was dropped before. */
  partMissing(swarm: SwarmKey | undefined): void {
    if (swarm !== undefined) this.partEnded(swarm);
  }

  /** The rest of these piece hashes is not sent. */
  partEnded(swarm: SwarmKey): void {
    this.#wanted.partAnswered();
    this.#wanted.uploadRefused(swarm);
  }

  #tell(event: Extract<AnnounceEffect, { kind: 'tell' }>['event']): void {
    this.#emit({ kind: 'tell', event });
  }
}

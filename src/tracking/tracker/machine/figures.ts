// What a tracker counts of itself, and which of that is worth a log line. Decides nothing else. Pure.

import { Complaints } from '../../../foundation/base/complaints.js';
import type { ClientId } from '../../../foundation/torrent/ids.js';
import type { GroupResult, Refusal } from '../../store/contract.js';
import { STORE_LOG_ALARM_BYTES } from '../limits.js';

/** Clients that one log line names. */
const CLIENTS_NAMED_MAX = 8;

type Write = (level: 'info' | 'warn' | 'error', fields: object, sentence: string) => void;

export class OwnFigures {
  readonly #log: Write;
  readonly #complaints = new Complaints();
  readonly #counts = { storeCommits: 0, storeFailures: 0, storeLastMs: 0, expiredClients: 0, freezes: 0, logBytes: 0 };
  #identity = '';
  #isFull = false;

  constructor(log: Write) {
    this.#log = log;
  }

  get all() {
    return { ...this.#counts, identity: this.#identity };
  }

  groupSettled(result: GroupResult, nowMs: number): void {
    if (result.refusal === undefined) this.#committed(result, nowMs);
    else this.#failed(result.refusal, result.sentence, nowMs);
  }

  #committed({ tookMs, logBytes, hasRoom }: Extract<GroupResult, { refusal: undefined }>, nowMs: number): void {
    this.#counts.storeCommits += 1;
    this.#counts.storeLastMs = tookMs;
    this.#counts.logBytes = logBytes;
    if (logBytes > STORE_LOG_ALARM_BYTES && this.#complaints.note('log', nowMs) > 0)
      this.#log(
        'warn',
        { logBytes },
        'a program keeps the seeder list open for reading, so its log (-wal) grows; end that program',
      );
    if (!this.#isFull || !hasRoom) return;
    this.#isFull = false;
    this.#log('info', {}, 'the disk has room again; registrations are accepted');
  }

  #failed(refusal: Refusal, sentence: string, nowMs: number): void {
    this.#counts.storeFailures += 1;
    if (refusal === 'broken' || refusal === 'fenced') {
      this.#log('error', { cause: sentence }, 'the seeder list could not be written; this tracker stops');
      return;
    }
    if (!this.#isFull && this.#complaints.note(refusal, nowMs) > 0)
      this.#log('error', { cause: sentence, outcome: refusal }, 'the seeder list could not be written for now');
    this.#isFull = refusal === 'full';
  }

  expired(clients: readonly ClientId[]): void {
    this.#counts.expiredClients += clients.length;
    if (clients.length === 0) return;
    this.#log('info', { clients: clients.length, first: clients.slice(0, CLIENTS_NAMED_MAX) }, 'leases expired');
  }

  froze(frozenMs: number): void {
    this.#counts.freezes += 1;
    const fields = { frozenMs: Math.round(frozenMs) };
    this.#log('warn', fields, 'this tracker was frozen; no lease expires within one lease time');
  }

  /** The list was used by a tracker elsewhere before; empty: here. */
  moved(from: string): void {
    if (from === '') return;
    this.#identity = `this list was used at ${from} before: this tracker has a new identity`;
    this.#log('warn', { from }, this.#identity);
  }

  restored(): void {
    this.#identity = 'this list is older than what the partner has seen of it: this tracker has a new identity';
    this.#log('warn', {}, this.#identity);
  }
}

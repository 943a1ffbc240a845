// Parts of piece hashes that clients asked for and the store has still to read: a few at once, so that no commit waits
// behind many, the others in the order in which they came. They end with their connection. Pure.

import { BoundedQueue } from '../../../foundation/base/queue.js';
import type { HashRead } from '../../store/contract.js';
import { STORE_READS_MAX, STORE_READS_WAITING_MAX } from '../limits.js';
import type { TrackerReply } from '../messages.js';

type Place = Omit<HashRead, 'read'>;

interface Asked {
  readonly connection: number;
  /** Of the request. */
  readonly id: number;
}

export class HashReads {
  readonly #read: (read: HashRead) => void;
  readonly #waiting = new BoundedQueue<Asked & Place>(STORE_READS_WAITING_MAX);
  /** By number; undefined: its connection is gone. */
  readonly #underWay = new Map<number, Asked | undefined>();
  #lastRead = 0;

  constructor(read: (read: HashRead) => void) {
    this.#read = read;
  }

  static refusal(id: number): TrackerReply {
    const sentence = 'too many clients read piece hashes from this tracker now; ask again in a moment';
    return { kind: 'error', id, code: 'limit', sentence };
  }

  /** False: too many wait, and this one is not taken. */
  ask(connection: number, { id, swarm, offset, length }: Place & { readonly id: number }): boolean {
    if (!this.#waiting.push({ connection, id, swarm, offset, length })) return false;
    this.#begin();
    return true;
  }

  /** The store answered; who asked, unless it is gone. */
  done(read: number): Asked | undefined {
    const asked = this.#underWay.get(read);
    this.#underWay.delete(read);
    this.#begin();
    return asked;
  }

  dropped(connection: number): void {
    this.#waiting.removeWhere((asked) => asked.connection === connection);
    for (const [read, asked] of this.#underWay)
      if (asked?.connection === connection) this.#underWay.set(read, undefined);
  }

  #begin(): void {
    while (this.#underWay.size < STORE_READS_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { connection, id, ...place } = next;
      this.#lastRead = (this.#lastRead + 1) % 0xffff_ffff;
      this.#underWay.set(this.#lastRead, { connection, id });
      this.#read({ read: this.#lastRead, ...place });
    }
  }
}

// The only door to the name server and /etc/hosts. Whoever asks waits until a deadline, however long the system takes;
// while no name server answers, what a name stood for last counts. Invariant: a name that nobody answers holds up no
// other one for longer than its first lookup.

import { lookup } from 'node:dns/promises';
import { type Deferred, deferred, within } from '../base/deferred.js';
import { errnoOf, MiniTorrentError } from '../base/errors.js';
import { LATE_LOOKUPS_MAX, LOOKUPS_MAX, LOOKUPS_WAITING_MAX, NAME_DEADLINE_MS, NAMES_KNOWN_MAX } from './limits.js';

/** Numeric hosts, as the system prefers them. Rejects with the system's error. */
export type SystemLookup = (name: string) => Promise<readonly string[]>;

interface Known {
  /** What it stood for last; none: that is not known. */
  hosts: readonly string[];
  /** Its last lookup took longer than anybody waits. */
  isLate: boolean;
  /** Hosts at which nobody answered as we expect, by how often in a row. */
  readonly missed: Map<string, number>;
}

interface Turn {
  readonly name: string;
  readonly begin: Deferred<void>;
}

export class Names {
  readonly #lookUp: SystemLookup;
  readonly #deadlineMs: number;
  /** Under way or waiting, by name: who asks for the same name meanwhile gets the same answer. */
  readonly #asked = new Map<string, Promise<readonly string[]>>();
  readonly #known = new Map<string, Known>();
  #waiting: readonly Turn[] = [];
  readonly #running = new Set<string>();

  constructor(lookUp: SystemLookup, deadlineMs = NAME_DEADLINE_MS) {
    this.#lookUp = lookUp;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * The numeric hosts of a name, at least one: first those at which nobody was missed. Rejects with NO_TRACKER, naming
   * `name`.
   */
  async hostsOf(name: string): Promise<readonly string[]> {
    const known = this.#knownOf(name);
    if (!this.#asked.has(name) && this.#asked.size >= LOOKUPS_WAITING_MAX)
      throw failed(name, `${LOOKUPS_WAITING_MAX} other names are being looked up; the name server does not answer`);
    const asked = this.#asked.get(name) ?? this.#ask(name, known);
    this.#asked.set(name, asked);
    const hosts = await within(asked, this.#deadlineMs, () => {
      if (this.#running.has(name)) known.isLate = true;
      if (known.hosts.length > 0) return known.hosts;
      throw failed(name, `no answer within ${NAME_DEADLINE_MS / 1_000} s; check the name server`);
    });
    const missesAt = (host: string): number => known.missed.get(host) ?? 0;
    return [...hosts].sort((one, other) => missesAt(one) - missesAt(other));
  }

  /** What a dial to one of its hosts came to: whoever is there spoke with us, or nobody did. */
  dialed(name: string, host: string, isHeard: boolean): void {
    const missed = this.#known.get(name)?.missed;
    if (isHeard) missed?.delete(host);
    else missed?.set(host, (missed.get(host) ?? 0) + 1);
  }

  async #ask(name: string, known: Known): Promise<readonly string[]> {
    const begin = deferred<void>();
    this.#waiting = [...this.#waiting, { name, begin }];
    this.#beginNext();
    await begin.promise;
    const sinceMs = performance.now();
    try {
      const answers = await this.#lookUp(name);
      const hosts = [...new Set(answers)].filter((host) => !host.includes('%'));
      if (hosts.length === 0) throw failed(name, 'it has no address');
      known.hosts = hosts;
      for (const host of known.missed.keys()) if (!hosts.includes(host)) known.missed.delete(host);
      return hosts;
    } catch (error) {
      const errno = errnoOf(error);
      // Nobody said that it has moved.
      if (errno === 'EAI_AGAIN' && known.hosts.length > 0) return known.hosts;
      known.hosts = [];
      if (error instanceof MiniTorrentError) throw error;
      throw failed(name, reasonOf(errno));
    } finally {
      known.isLate = performance.now() - sinceMs >= this.#deadlineMs;
      this.#running.delete(name);
      this.#asked.delete(name);
      this.#beginNext();
    }
  }

  /** One place stays free for names that are answered in time. */
  #beginNext(): void {
    const isLate = (name: string): boolean => this.#known.get(name)?.isLate === true;
    while (this.#running.size < LOOKUPS_MAX) {
      const lateCount = [...this.#running].filter(isLate).length;
      const next = this.#waiting.find(({ name }) => !isLate(name) || lateCount < LATE_LOOKUPS_MAX);
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((turn) => turn !== next);
      this.#running.add(next.name);
      next.begin.resolve();
    }
  }

  #knownOf(name: string): Known {
    const known = this.#known.get(name) ?? { hosts: [], isLate: false, missed: new Map() };
    // The newest last.
    this.#known.delete(name);
    this.#known.set(name, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > NAMES_KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}

/** Of this thread. */
export const names = new Names(async (name) => {
  const answers = await lookup(name, { all: true, verbatim: true });
  return answers.map(({ address }) => address);
});

/** As `Names.hostsOf`. */
export function hostsOf(name: string): Promise<readonly string[]> {
  return names.hostsOf(name);
}

function reasonOf(errno: string | undefined): string {
  if (errno === 'ENOTFOUND') return 'there is no such name (ENOTFOUND); check its spelling';
  if (errno === 'EAI_AGAIN') return 'no name server answers (EAI_AGAIN); check /etc/resolv.conf, or name the address';
  return `it cannot be looked up (${errno ?? 'unknown error'}); check the name server`;
}

function failed(name: string, why: string): MiniTorrentError {
  return new MiniTorrentError('NO_TRACKER', `the host name ${name}: ${why}`);
}

// Decides who may ask what: a browser by a link good once and then by its cookie, a script by its token or because only
// this user can open the Unix socket. A foreign host name or origin is refused before any of them is looked at. Pure.

import { createHash, timingSafeEqual } from 'node:crypto';
import { HTTP_SESSIONS_MAX, LINK_WORD_MS, LINK_WORDS_MAX, WRONG_SECRETS_A_SECOND_MAX } from './limits.js';

/** What the guard looks at of a request; a header that came twice is joined by commas. */
export interface Asked {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  /** The value of `x-mtorrent`. */
  readonly own: string | undefined;
  /** The word of a link; only looked at for the page itself. */
  readonly word: string | undefined;
}

export type Verdict =
  | { readonly kind: 'pass' }
  /** A word was right: the browser gets this cookie, and asks again without the word. */
  | { readonly kind: 'enter'; readonly cookie: string }
  | {
      readonly kind: 'refuse';
      readonly status: 401 | 403 | 421 | 429;
      readonly sentence: string;
      readonly isAttempt: boolean;
    };

export interface GuardOptions {
  /** The port that it listens on; undefined for a Unix socket, whose mode lets in nobody else. */
  readonly port: number | undefined;
  /** The hosts by which it may be called, as a URL has them. */
  readonly hosts: readonly string[];
  readonly token: string;
  /** Random text of 128 bits. */
  readonly makeSecret: () => string;
}

const PASS: Verdict = { kind: 'pass' };
const SECOND_MS = 1_000;
const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export class Guard {
  readonly #options: GuardOptions;
  /** Word → when it ends. */
  readonly #words = new Map<string, number>();
  readonly #sessions = new Set<string>();
  #wrongSinceMs = Number.NEGATIVE_INFINITY;
  #wrong = 0;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** For the name of this cookie: a browser sends it to every port of a host. */
  get cookieName(): string {
    return `mtorrent_${this.#options.port ?? 0}`;
  }

  /** A word for a link. */
  newWord(nowMs: number): string {
    const word = this.#options.makeSecret();
    this.#words.set(word, nowMs + LINK_WORD_MS);
    dropOldest(this.#words, LINK_WORDS_MAX);
    return word;
  }

  judge(asked: Asked, nowMs: number): Verdict {
    if (!this.isHostOurs(asked.host)) return refuse(421, this.#whereSentence());
    const changes = asked.method !== 'GET';
    if (asked.origin !== undefined && asked.origin !== `http://${asked.host}`)
      return refuse(403, 'another site may not use this one');
    const who = this.#isKnown(asked) ? PASS : this.#introduce(asked, nowMs);
    if (who.kind !== 'pass' || !changes) return who;
    return asked.own === '1' ? PASS : refuse(403, 'a request that changes something needs the header x-mtorrent: 1');
  }

  /** For whoever forwards another port to this one, most of all. */
  #whereSentence(): string {
    const { port, hosts } = this.#options;
    if (port === undefined) return 'this is not called by that name; ask for http://localhost';
    const where = `http://${hosts[0] ?? 'localhost'}:${port}`;
    return `this is not called by that name or port; ask for ${where}, and forward it from a port of the same number: ssh -L ${port}:127.0.0.1:${port}`;
  }

  /** A name of somebody else may lead here as well. */
  isHostOurs(host: string | undefined): boolean {
    const { port, hosts } = this.#options;
    if (host === undefined) return false;
    // Whoever forwards a port to a Unix socket chooses the port.
    if (port === undefined) return LOCAL_NAMES.includes(host.replace(/:\d{1,5}$/, ''));
    return hosts.some((each) => host === `${each}:${port}` || (port === 80 && host === each));
  }

  #isKnown({ cookie = '' }: Asked): boolean {
    if (this.#options.port === undefined) return true;
    const value = cookieOf(cookie, this.cookieName);
    return value !== undefined && [...this.#sessions].some((session) => isSame(session, value));
  }

  #introduce({ method, word, authorization }: Asked, nowMs: number): Verdict {
    for (const [known, endMs] of this.#words) if (endMs <= nowMs) this.#words.delete(known);
    if (this.#isFlooded(nowMs)) return refuse(429, 'too many wrong attempts; wait a second');
    const bearer = /^Bearer ([\w-]+)$/i.exec(authorization ?? '')?.[1];
    if (bearer !== undefined && isSame(this.#options.token, bearer)) return PASS;
    const right = method === 'GET' ? [...this.#words.keys()].find((known) => isSame(known, word ?? '')) : undefined;
    if (right === undefined) return this.#noteWrong(authorization !== undefined || word !== undefined);
    this.#words.delete(right);
    const session = this.#options.makeSecret();
    this.#sessions.add(session);
    dropOldest(this.#sessions, HTTP_SESSIONS_MAX);
    return { kind: 'enter', cookie: session };
  }

  #isFlooded(nowMs: number): boolean {
    if (nowMs - this.#wrongSinceMs >= SECOND_MS) {
      this.#wrongSinceMs = nowMs;
      this.#wrong = 0;
    }
    return this.#wrong >= WRONG_SECRETS_A_SECOND_MAX;
  }

  #noteWrong(isAttempt: boolean): Verdict {
    if (isAttempt) this.#wrong += 1;
    return refuse(
      401,
      isAttempt
        ? 'this link was used before, is older than a minute, or belongs to an earlier run, or the token is wrong'
        : 'open the link that the command web prints, or send the token: Authorization: Bearer <token>',
      isAttempt,
    );
  }
}

/** @param isAttempt it was more than a visit without a key. */
function refuse(status: 401 | 403 | 421 | 429, sentence: string, isAttempt = true): Verdict {
  return { kind: 'refuse', status, sentence, isAttempt };
}

function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(/; */)) if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1);
  return undefined;
}

/** Takes as long for a wrong text as for the right one. */
function isSame(right: string, given: string): boolean {
  const [a, b] = [right, given].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function dropOldest(all: Map<string, number> | Set<string>, most: number): void {
  for (const oldest of all.keys()) {
    if (all.size <= most) return;
    all.delete(oldest);
  }
}

// Connections that only exist, in a process of their own, so that dialing ten thousand of them does not make the driver
// late with the requests whose latency it measures. Started with its arguments this file is that process; it ends with
// its parent.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deferred } from '../src/foundation/base/deferred.js';
import { type Address, formatAddress, parseAddress } from '../src/foundation/torrent/address.js';
import { RENEW_MS } from '../src/tracking/tracker/limits.js';
import { passagesOf } from './closed-swarm.js';
import { connectFleet } from './tracker-driver.js';

/** Parts of the crowd that ping one after the other. */
const PING_TURNS = 150;
const OWN_PATH = fileURLToPath(import.meta.url);

/** Clients `first … first + count - 1`, each connected and greeted. */
export class Crowd {
  readonly #child;
  readonly #up = deferred<number>();

  /** @param identities of members; undefined: in the clear. */
  constructor(tracker: Address, first: number, count: number, identities?: string) {
    this.#child = fork(OWN_PATH, [formatAddress(tracker), String(first), String(count), identities ?? []].flat());
    this.#child.on('message', (seconds) => this.#up.resolve(Number(seconds)));
    this.#child.on('exit', (code) => this.#up.reject(new Error(`the crowd ended with ${code}`)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Seconds from the first dial to the last greeting. */
  up(): Promise<number> {
    return this.#up.promise;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

async function standAround(words: readonly string[]): Promise<void> {
  const tracker = parseAddress(words[0] ?? '');
  if (tracker === undefined) throw new Error(`not a tracker's address: ${words[0]}`);
  process.on('disconnect', () => process.exit());
  const passages = words[3] === undefined ? [] : await passagesOf(words[3]);
  const startedMs = performance.now();
  const fleet = await connectFleet(tracker, Number(words[1]), Number(words[2]), passages);
  // As clients at rest do, or the tracker would call them silent.
  let turn = 0;
  setInterval(() => {
    for (let at = turn; at < fleet.length; at += PING_TURNS) {
      fleet[at]?.ping(Number.NaN);
      fleet[at]?.flush();
    }
    turn = (turn + 1) % PING_TURNS;
  }, RENEW_MS / PING_TURNS);
  process.send?.((performance.now() - startedMs) / 1000);
}

if (process.argv[1] === OWN_PATH) await standAround(process.argv.slice(2));

// Members whose trackers come and go, in a process of their own: the announcers of real clients, without files. Started
// with its arguments this file is that process; it tells how many talk to each tracker, and ends with its parent.

import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../src/foundation/base/log.js';
import { Credentials } from '../src/foundation/identity/credentials.js';
import { type Address, formatAddress, parseAddress } from '../src/foundation/torrent/address.js';
import { clientId } from '../src/foundation/torrent/ids.js';
import { type Announce, startAnnounce } from '../src/tracking/announce/actor.js';
import { membersOf } from './closed-swarm.js';
import { clientBytes, clientHost, clientPort } from './tracker-driver.js';

const OWN_PATH = fileURLToPath(import.meta.url);
const TOLD_MS = 50;
/** So that they come one after the other at first: no tracker is late, and none of them is at the second. */
const START_BATCH = 50;

export interface Talking {
  readonly first: number;
  readonly second: number;
  /** Of those that wait for a tracker: how often one gave up, by its own deadline. */
  readonly gaveUp: number;
  /** Members that heard of a ban, when each has ears of its own; and when the last of them did, by the wall clock. */
  readonly told: number;
  readonly lastToldMs: number;
}

/** Members `first … first + count - 1`. */
export class Members {
  readonly #child;
  talking: Talking = { first: 0, second: 0, gaveUp: 0, told: 0, lastToldMs: 0 };

  /**
   * @param ears `apart`: what one hears another does not know of, though they may show one card; `foreign`: as
   * `shared`, of another swarm, so that no tracker ever greets them.
   */
  constructor(
    trackers: readonly Address[],
    first: number,
    count: number,
    identities?: string,
    ears: 'shared' | 'apart' | 'foreign' = 'shared',
  ) {
    const numbers = [first, count].map(String);
    const words = [...trackers.map(formatAddress), ...numbers, ...(identities === undefined ? [] : [identities, ears])];
    this.#child = fork(OWN_PATH, words);
    this.#child.on('message', (talking) => {
      this.talking = talking as Talking;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

async function takePart([one = '', two = '', first, count, identities, ears]: readonly string[]): Promise<void> {
  const [first0, second0] = [parseAddress(one), parseAddress(two)];
  if (first0 === undefined || second0 === undefined) throw new Error(`not the trackers' addresses: ${one} ${two}`);
  const credentials = identities === undefined ? [] : await membersOf(identities);
  const started: Announce[] = [];
  const heard = { told: 0, lastToldMs: 0 };
  let gaveUp = 0;
  process.on('disconnect', () => process.exit());
  setInterval(() => {
    const talking = { first: 0, second: 0 };
    for (const announce of started) {
      const [at, other] = announce.standings();
      if (at?.state === 'talking') talking.first += 1;
      else if (other?.state === 'talking') talking.second += 1;
    }
    process.send?.({ ...talking, ...heard, gaveUp });
  }, TOLD_MS);
  for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
    const shared = credentials[number % Math.max(1, credentials.length)];
    const own = shared !== undefined && ears === 'apart' ? Credentials.ofMessage(shared.message()) : shared;
    const announce = startAnnounce({
      trackers: [first0, second0],
      clientId: clientId(clientBytes(number)),
      epoch: 1,
      upload: { host: clientHost(number), port: clientPort(number) },
      seed: number,
      credentials: own,
      digestsOf: () => undefined,
      onEvent: (event) => {
        if (event.kind === 'shutOut' && event.bans.length > 0) {
          heard.told += 1;
          heard.lastToldMs = Date.now();
        }
        if (event.kind === 'trackerDown' && /in time|within/.test(event.reason)) gaveUp += 1;
      },
      log: silentLog,
    });
    started.push(announce);
    const isBatchFull = started.length % START_BATCH === 0 && ears !== 'foreign';
    while (isBatchFull && started.slice(-START_BATCH).some((one) => !isTalking(one))) await sleep(5);
  }
}

function isTalking(announce: Announce): boolean {
  return announce.standings().some(({ state }) => state === 'talking');
}

if (process.argv[1] === OWN_PATH) await takePart(process.argv.slice(2));

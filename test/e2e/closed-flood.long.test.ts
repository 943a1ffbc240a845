// A flood of hostile handshakes at a closed tracker and at a client's port, from another address: garbage, half of a
// ClientHello, plain dialers, members of another swarm. Honest members go on, and the flood leaves nothing behind.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import net from 'node:net';
import test from 'node:test';
import { ClosedSwarm as SwarmOnDisk } from '../../bench/closed-swarm.js';
import { sha256OfFile } from '../../src/app/demo/swarm.js';
import type { Address } from '../../src/foundation/torrent/address.js';
import { REFUSALS_TOLD_MS } from '../../src/foundation/wire/limits.js';
import type { Wire } from '../../src/foundation/wire/passage.js';
import { closedPassage } from '../../src/foundation/wire/tls.js';
import { TRACKER_WIRE } from '../../src/tracking/tracker/messages.js';
import { PEER_WIRE } from '../../src/transfer/peer/codec/messages.js';
import { ClosedSwarm } from '../support/closed-swarm.js';
import { eventually, listedEventually, PIECE, stageSwarm } from '../support/e2e-stage.js';

/** Another one than that of honest members, as an attacker on the network has. */
const HOSTILE = '127.0.0.9';
/** Under way at each port: more than its line takes in at once. */
const AT_ONCE = 24;
/** Ended at each port before the honest download begins, and again before the flood ends. */
const ENOUGH = 150;
/** A TLS record that says it brings 512 bytes of a ClientHello, and two of them. */
const HALF_OPEN = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00);
/** What a transfer of four pieces and its buffers take; the flood was there when memory was looked at first. */
const GROWN_MAX_MIB = 48;
const GARBAGE = new Uint8Array(200).fill(0xee);

class Flood {
  ended = 0;
  #isOver = false;
  readonly #sockets = new Set<net.Socket>();
  readonly #loops: Promise<void>[];
  readonly #place: Address;
  readonly #wire: Wire;
  readonly #strangers = new ClosedSwarm('theirs');

  constructor(place: Address, wire: Wire) {
    this.#place = place;
    this.#wire = wire;
    this.#loops = Array.from({ length: AT_ONCE }, (_, at) => this.#go(at));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#loops);
  }

  async #go(at: number): Promise<void> {
    for (let round = at; !this.#isOver; round += 1) {
      await this.#one(round % 4);
      this.ended += 1;
    }
  }

  /** Until the other side has hung up. */
  #one(kind: number): Promise<void> {
    const { host, port } = this.#place;
    const socket =
      kind === 0
        ? closedPassage(this.#strangers.member(), this.#wire).dial(
            this.#place,
            { need: this.#wire.name === 'peer' ? 'fetch' : 'track', ownHost: HOSTILE },
            { opened: () => undefined, refused: () => undefined },
          )
        : net.connect({ host, port, localAddress: HOSTILE });
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    if (kind > 0) {
      socket.resume();
      socket.on('connect', () => socket.write([HALF_OPEN, GARBAGE, this.#wire.magic][kind - 1] ?? GARBAGE));
    }
    return new Promise((resolve) => {
      socket.on('close', () => {
        this.#sockets.delete(socket);
        resolve();
      });
    });
  }
}

/** MiB that are in memory. */
function memoryOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1_024;
}

/** Sockets and files. Threads come and go by themselves, each with descriptors of its event loop. */
function descriptors(pid: number): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((number) => linkOf(`/proc/${pid}/fd/${number}`));
  return links.filter((link) => link !== '' && !/^(anon_inode|pipe):/.test(link)).length;
}

/** Empty for one that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Of a log's lines behind `from`: when those were written that name the hostile address, and how many others are. */
function floodIn(log: string, from: number): { readonly momentsMs: readonly number[]; readonly others: number } {
  const lines = linesOf(log).slice(from);
  const about = lines.filter((line) => line.includes(HOSTILE)).map((line) => JSON.parse(line) as { time: unknown });
  const momentsMs = about.map(({ time }) => (typeof time === 'number' ? time : Date.parse(String(time))));
  return { momentsMs, others: lines.length - about.length };
}

function atMostALineASecond(log: string, from: number): void {
  const { momentsMs, others } = floodIn(log, from);
  const [firstMs = 0, lastMs = 0] = [momentsMs[0], momentsMs.at(-1)];
  assert.ok(momentsMs.length > 0, `${log} says that somebody was refused`);
  // The first moment may be read late, but not all of them.
  const most = Math.floor((lastMs - firstMs) / REFUSALS_TOLD_MS) + 2;
  assert.ok(momentsMs.length <= most, `${log} has ${momentsMs.length} lines about the flood instead of ${most}`);
  assert.ok(others < ENOUGH, `${log} has ${others} lines beside, as if each hostile connection had one`);
}

const linesOf = (log: string): readonly string[] => readFileSync(log, 'utf8').split('\n').slice(0, -1);

test('a flood of hostile handshakes at a tracker and a client lets an honest download through, and leaves nothing behind', {
  timeout: 300_000,
}, async (t) => {
  const swarm = await stageSwarm(t);
  const identities = await SwarmOnDisk.make(swarm.path('identities'), swarm.trackers, 2);
  swarm.environment = (name) =>
    identities.environmentOf(name === 'seeder' ? 'member-0' : name === 'leecher' ? 'member-1' : name);
  const tracker = await swarm.startTracker(0);
  const seeder = swarm.startClient('seeder');
  const place = await seeder.address();
  const source = await swarm.makeFile('model.bin', 4 * PIECE);
  await seeder.succeed(`share ${source} ${swarm.path('model.mtorrent')}`);
  // Its connection to the tracker and what the tracker opened for its first word are there before they are counted.
  await listedEventually(swarm, 0, (rows) => rows.length === 1, 'the seeder is listed');
  const leecher = swarm.startClient('leecher');
  await leecher.address();
  await copyFile(swarm.path('model.mtorrent'), swarm.path('other.mtorrent'));
  const processes = [tracker, seeder] as const;
  const before = processes.map(({ pid }) => descriptors(pid));
  const logs = ['tracker-1', 'seeder'].map((name) => swarm.path(`${name}.log`));
  const linesBefore = logs.map((log) => linesOf(log).length);

  const floods = [new Flood(swarm.trackers[0], TRACKER_WIRE), new Flood(place, PEER_WIRE)];
  t.after(() => Promise.all(floods.map((flood) => flood.end())));
  const flooded = (least: number) =>
    eventually(
      () => floods.map(({ ended }) => ended),
      (counts) => counts.every((count) => count >= least),
      `${least} hostile connections have ended at each port`,
      120_000,
    );
  await flooded(ENOUGH);
  const memoryBefore = processes.map(({ pid }) => memoryOf(pid));
  await leecher.succeed(`get ${swarm.path('other.mtorrent')} ${swarm.path('got.bin')}`);
  const told = await leecher.event((line) => line.includes('got.bin'), 120_000);
  assert.match(told, /^COMPLETED:/);
  assert.equal(await sha256OfFile(swarm.path('got.bin')), await sha256OfFile(source));
  const [atTracker = 0, atSeeder = 0] = floods.map(({ ended }) => ended);
  await flooded(Math.max(atTracker, atSeeder) + ENOUGH);
  await Promise.all(floods.map((flood) => flood.end()));

  leecher.kill('SIGTERM');
  await leecher.exited;
  for (const [at, { pid, name }] of processes.entries())
    await eventually(
      () => descriptors(pid),
      (count) => count <= (before[at] ?? 0),
      `${name} has as many descriptors as before the flood`,
      60_000,
    );
  for (const [at, { pid, name }] of processes.entries())
    await eventually(
      () => memoryOf(pid),
      (mib) => mib <= (memoryBefore[at] ?? 0) + GROWN_MAX_MIB,
      `${name} has no more memory than the transfer takes, however long the flood was`,
      60_000,
    );
  for (const [at, log] of logs.entries()) atMostALineASecond(log, linesBefore[at] ?? 0);
  t.diagnostic(`${floods.map(({ ended }) => ended).join(' and ')} hostile connections`);
});

// The one place that says which store a tracker has: a list on its own disk and a partner that has another one, or a
// database that it shares with other trackers. The address of the list decides.

import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { familyOf, isWildcard } from '../../foundation/base/hosts.js';
import type { Timers } from '../../foundation/base/timers.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { TRACKER_ID_SIZE } from '../../foundation/torrent/ids.js';
import type { Passage } from '../../foundation/wire/passage.js';
import type { FollowerWire, OpenStore, ShellPorts, StoreShell } from './contract.js';
import { PairedShell, pairedFollowerWire } from './paired-shell.js';
import { PairedStore, type PairedStoreEffect, type PairedStoreInput } from './paired-store.js';
import { isDatabaseAddress, parseDatabaseAddress } from './postgres/address.js';
import type { PostgresEffect, PostgresInput } from './postgres/messages.js';
import { PostgresShell } from './postgres/shell.js';
import { PostgresStore } from './postgres/store.js';

export type StoreInput = PairedStoreInput | PostgresInput;
export type StoreEffect = PairedStoreEffect | PostgresEffect;

/** Bytes of SHA-1, which the pair's wire has. */
const CLUSTER_SIZE = 20;

export interface StoreOptions {
  readonly own: Address;
  /** Where it listens, if that is not the host of `own`. */
  readonly listenHost?: string | undefined;
  readonly partner: Address;
  /**
   * Names the pair instead of its two addresses, where the trackers know each other by other ones than they listen on.
   */
  readonly cluster?: string | undefined;
  /** A file, or the address of a database. */
  readonly seederListPath: string;
  readonly replicaWaitMs?: number | undefined;
  /** What both sides of a tracker's port send first. */
  readonly magic: Uint8Array;
  readonly timers: Timers;
  /** How bytes travel to and from the partner; in the clear when absent. */
  readonly passage?: Passage;
  /** Of a closed swarm: names the pair, and a partner is known by its card. */
  readonly root?: Uint8Array | undefined;
}

export interface ChosenStore {
  readonly open: OpenStore<StoreInput, StoreEffect>;
  readonly followerWire: FollowerWire;
  shell(ports: ShellPorts<StoreInput>): StoreShell<StoreInput, StoreEffect>;
}

export function chooseStore(options: StoreOptions): ChosenStore {
  return isDatabaseAddress(options.seederListPath) ? sharedStore(options) : pairedStore(options);
}

/** How a list and a database name the closed swarm that they are of, in hex. @param root undefined: open, and ''. */
export function clusterOfRoot(root: Uint8Array | undefined): string {
  const digest = root === undefined ? '' : createHash('sha256').update(root).digest('hex');
  return digest.slice(0, CLUSTER_SIZE * 2);
}

const NO_FOLLOWER =
  'this tracker keeps its list in a database that it shares with others, so it is no partner of a tracker with a list of its own; name another partner';

function sharedStore({ own, seederListPath, timers, root }: StoreOptions): ChosenStore {
  const cluster = clusterOfRoot(root);
  const address = parseDatabaseAddress(seederListPath);
  const place = `${formatAddress(own)} on ${hostname()}`;
  return {
    open: (sink) => new PostgresStore(sink),
    followerWire: pairedFollowerWire,
    shell: (ports) => {
      const refuseFollower = (connection: number): void =>
        ports.send(connection, pairedFollowerWire.refusal(NO_FOLLOWER));
      return new PostgresShell({ address, cluster, place, nowMs: () => timers.nowMs(), refuseFollower }, ports);
    },
  };
}

function pairedStore(options: StoreOptions): ChosenStore {
  const { own, partner, seederListPath: listPath, replicaWaitMs, magic, timers, passage, root } = options;
  const cluster = clusterOf(options);
  const ownHost = familyOf(own.host) === undefined ? (options.listenHost ?? own.host) : own.host;
  const partnerHost = root === undefined ? partner.host : undefined;
  const setting = { partnerHost, cluster, replicaWaitMs, spareId: randomBytes(TRACKER_ID_SIZE) };
  return {
    open: (sink) => new PairedStore(setting, sink),
    followerWire: pairedFollowerWire,
    shell: (ports) =>
      new PairedShell({ ownHost, partner, cluster, listPath, place: placeOf(own), magic, timers, passage }, ports),
  };
}

/** The same at both trackers of a pair. */
function clusterOf({ own, partner, cluster, root }: StoreOptions): Uint8Array {
  if (root !== undefined) return Buffer.from(clusterOfRoot(root), 'hex');
  const name = cluster ?? [formatAddress(own), formatAddress(partner)].sort().join(' ');
  return createHash('sha1').update(name).digest();
}

/** An address of all interfaces says nothing without the name of its host. */
function placeOf(own: Address): string {
  const address = formatAddress(own);
  return isWildcard(own.host) ? `${address} on ${hostname()}` : address;
}

// Performs what `paired-store.ts` decides: the list on its thread, the connection to the partner, frames to the
// follower. Holds the lock on the list while it is open. A list's thread that ends by itself ends the tracker, since
// what is on the disk is then unknown.

import { type Link, openLink } from '../../foundation/actor/link.js';
import { Supervisor } from '../../foundation/actor/supervisor.js';
import { MessageChannel, startThread } from '../../foundation/actor/thread.js';
import { unreachable } from '../../foundation/base/assert.js';
import { type Deferred, deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { bundleUrl } from '../../foundation/base/installation.js';
import { RESTART_PERIOD_MS } from '../../foundation/base/limits.js';
import type { Timers } from '../../foundation/base/timers.js';
import type { Address } from '../../foundation/torrent/address.js';
import type { SwarmKey } from '../../foundation/torrent/ids.js';
import type { NameLock } from '../../foundation/wire/abstract-lock.js';
import type { Passage } from '../../foundation/wire/passage.js';
import { membershipRowsOf } from '../membership/rows.js';
import type { FollowerWire, ShellPorts, StoreShell } from './contract.js';
import { PartnerLinks } from './pair/links.js';
import { followerMessages, isFollow, leaderMessages } from './pair/messages.js';
import { type PairedStoreEffect, type PairedStoreInput, startedOf } from './paired-store.js';
import { lockList } from './sqlite/lock.js';
import { type StoreCommand, type StoreEvent, storeCommands, storeEvents, storeSettings } from './sqlite/messages.js';
import { storeCommandsOf } from './sqlite/rows.js';

const STORE_ENTRY = bundleUrl('store');

export interface PairedShellOptions {
  /** From where the partner is dialed. */
  readonly ownHost: string;
  readonly partner: Address;
  readonly cluster: Uint8Array;
  readonly listPath: string;
  /** Where this tracker is, by which a list from elsewhere is known. */
  readonly place: string;
  /** What both sides of a tracker's port send first. */
  readonly magic: Uint8Array;
  readonly timers: Timers;
  /** How bytes travel to the partner; in the clear when absent. */
  readonly passage?: Passage | undefined;
}

export const pairedFollowerWire: FollowerWire = {
  isFirst: isFollow,
  refusal: (sentence) => leaderMessages.framed({ kind: 'refused', sentence }),
};

export class PairedShell implements StoreShell<PairedStoreInput, PairedStoreEffect> {
  readonly #options: PairedShellOptions;
  readonly #ports: ShellPorts<PairedStoreInput>;
  readonly #partner: PartnerLinks;
  readonly #supervisor: Supervisor;
  readonly #loaded: Deferred<void> = deferred();
  #lock: NameLock | undefined;
  #thread: Link<StoreCommand> | undefined;

  constructor(options: PairedShellOptions, ports: ShellPorts<PairedStoreInput>) {
    this.#options = options;
    this.#ports = ports;
    // Awaited only once the thread works; a thread that crashes before rejects it unheard.
    this.#loaded.promise.catch(() => undefined);
    const { ownHost, partner, magic, timers, passage } = options;
    this.#partner = new PartnerLinks({ ownHost, partner, magic, passage, post: (input) => ports.post(input) });
    this.#supervisor = new Supervisor({
      log: ports.log.of('supervisor'),
      timers,
      onEscalate: (_child, error) => ports.failed('the thread of the store ended', error),
    });
  }

  async open(): Promise<void> {
    this.#lock = await lockList(this.#options.listPath);
    // No restart: a new thread could not know whether the last commit of the old one is on the disk.
    const rule = { restart: 'permanent', restartsMax: 0, periodMs: RESTART_PERIOD_MS } as const;
    await this.#supervisor.start({ id: 'store', ...rule, start: () => this.#startThread() });
    await this.#loaded.promise;
  }

  decode(connection: number, frame: Uint8Array): PairedStoreInput {
    return { kind: 'followerSaid', connection, message: followerMessages.decode(frame) };
  }

  perform(effect: PairedStoreEffect): void {
    switch (effect.kind) {
      case 'commit': {
        const { group, changes, position } = effect;
        for (const command of storeCommandsOf(changes, position)) this.#thread?.tell(command);
        this.#thread?.tell({ kind: 'commit', group, position: position + changes.length - 1 });
        return;
      }
      case 'readPart':
        this.#thread?.tell({ kind: 'readPart', asker: effect.connection, swarm: effect.swarm, offset: effect.offset });
        return;
      case 'readHashes':
        this.#thread?.tell(effect);
        return;
      case 'tellFollower':
        this.#ports.send(effect.connection, leaderMessages.framed(effect.message));
        return;
      case 'dialPartner':
      case 'hangUpPartner':
      case 'sendPartner':
        this.#partner.perform(effect);
        return;
      default:
        unreachable(effect);
    }
  }

  async close(): Promise<readonly string[]> {
    try {
      const forced = await this.#supervisor.stop();
      this.#partner.close();
      return forced;
    } finally {
      await this.#lock?.release();
      this.#lock = undefined;
    }
  }

  async #startThread() {
    const { port1, port2 } = new MessageChannel();
    const { listPath: path, place: own, cluster } = this.#options;
    const settings = new Uint8Array(storeSettings.encode({ kind: 'store', path, own, cluster }));
    const thread = startThread({ name: 'store', entry: STORE_ENTRY, settings, shared: [], ports: [port2] });
    this.#thread = openLink<StoreCommand, StoreEvent>({
      port: port1,
      sends: storeCommands,
      receives: storeEvents,
      handle: (event) => this.#received(event),
      onCrash: (error) => this.#ports.failed('the thread of the store sent an unknown message', error),
    });
    await thread.ready;
    return thread;
  }

  #received(event: StoreEvent): void {
    const { log, post } = this.#ports;
    switch (event.kind) {
      case 'loadedSwarms':
      case 'loadedEntries':
      case 'loadedLeaves':
        post({ kind: 'loadedRows', loaded: event });
        return;
      case 'loadedMembership':
        post({ kind: 'loadedMembership', rows: membershipRowsOf(event) });
        return;
      case 'loaded':
        if (event.kept !== '')
          log.info(
            { kept: event.kept },
            'upgraded the seeder list to the format of this version and kept a copy of the old one',
          );
        post(startedOf(event));
        this.#loaded.resolve();
        return;
      case 'openFailed':
        this.#loaded.reject(new MiniTorrentError(event.code, event.sentence));
        return;
      case 'partRead': {
        const { asker: connection, swarm, offset, part } = event;
        post({ kind: 'partRead', connection, swarm: swarm as SwarmKey, offset, part });
        return;
      }
      case 'committed':
      case 'failed':
      case 'hashesRead':
        post(event);
        return;
      default:
        unreachable(event);
    }
  }
}

// Runs the announce machine on the client's thread with one socket for each tracker. Reads piece hashes only at the
// moment a part is sent. Decides nothing.

import { Host } from '../../foundation/actor/host.js';
import type { WakeAt } from '../../foundation/actor/machine.js';
import { unreachable } from '../../foundation/base/assert.js';
import { errnoOf, MiniTorrentError } from '../../foundation/base/errors.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer, type Timers } from '../../foundation/base/timers.js';
import type { Address } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { DialedConnection } from '../../foundation/wire/dialed.js';
import { type Passage, plainPassage } from '../../foundation/wire/passage.js';
import { REFUSED_BY_CLIENT } from '../../foundation/wire/refusals.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import {
  TRACKER_MAGIC,
  TRACKER_WIRE,
  type TrackerReply,
  type TrackerRequest,
  trackerReplies,
  trackerRequests,
} from '../tracker/messages.js';
import { type AnnounceEffect, type AnnounceInput, type AnnounceSetting, addressOf } from './effects.js';
import { ADVERTISED_LOOK_MS, ANNOUNCE_REQUESTS_MAX } from './limits.js';
import type { TrackerStanding } from './links.js';
import { AnnounceMachine } from './machine.js';
import type { AnnounceCommand, AnnounceEvent } from './messages.js';

type TrackerConnection = DialedConnection<TrackerRequest, TrackerReply>;

export interface AnnounceOptions extends Omit<AnnounceSetting, 'areTrackersStarting'> {
  /** Settles, never rejects, when trackers that are just being started listen; absent for those that run. */
  readonly trackersListen?: Promise<void> | undefined;
  /** The piece hashes of a registered file; undefined when it is gone. Only lent: it is copied while a part is sent. */
  readonly digestsOf: (swarm: SwarmKey) => Uint8Array | undefined;
  readonly onEvent: (event: AnnounceEvent) => void;
  readonly log: Log;
  /** Our own bug: the announcer is stopped. Without this it is thrown where it happened. */
  readonly onCrash?: (error: unknown) => void;
  readonly timers?: Timers;
}

export interface Announce {
  tell(command: AnnounceCommand): void;
  /** How each tracker is, in the order of the list. */
  standings(): readonly TrackerStanding[];
  /** Whether the tracker that is asked reaches us at our address; undefined: it has not looked. */
  reach(): AnnounceMachine['reach'];
  /** Ends all connections at once; nothing is told to the trackers. Idempotent. */
  stop(): void;
}

export function startAnnounce(options: AnnounceOptions): Announce {
  const announcer = new Announcer(options);
  announcer.post({ kind: 'wake' });
  return {
    tell: (command) => announcer.tell(command),
    reach: () => announcer.reach(),
    standings: () => announcer.standings(),
    stop: () => announcer.stop(),
  };
}

class Announcer {
  readonly #options: AnnounceOptions;
  readonly #machine: AnnounceMachine;
  readonly #host: Host<AnnounceInput, AnnounceEffect | WakeAt>;
  readonly #sockets = new Map<number, TrackerConnection>();
  readonly #passage: Passage;
  #upload: Address;
  #nextLook: Timer | undefined;

  constructor(options: AnnounceOptions) {
    this.#options = options;
    this.#upload = options.upload;
    const { trackersListen, credentials, timers = systemTimers } = options;
    this.#passage = credentials === undefined ? plainPassage : closedPassage(credentials, TRACKER_WIRE, { timers });
    this.#machine = new AnnounceMachine({ ...options, areTrackersStarting: trackersListen !== undefined });
    this.#host = new Host<AnnounceInput, AnnounceEffect | WakeAt>({
      name: 'announce',
      machine: this.#machine,
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => this.#crashed(error),
      timers,
      mailboxMax: ANNOUNCE_REQUESTS_MAX,
    });
    void trackersListen?.then(() => this.post({ kind: 'trackersListen' }));
  }

  post(input: AnnounceInput | { readonly kind: 'wake' }): void {
    this.#host.post(input);
  }

  tell(command: AnnounceCommand): void {
    if (command.kind === 'move') this.#upload = command.upload;
    this.post({ kind: 'command', command });
  }

  reach(): AnnounceMachine['reach'] {
    return this.#machine.reach;
  }

  standings(): readonly TrackerStanding[] {
    return this.#machine.standings();
  }

  stop(): void {
    this.#host.stop();
    this.#nextLook?.cancel();
    for (const socket of this.#sockets.values()) socket.hangUp();
    this.#sockets.clear();
  }

  #perform(effect: AnnounceEffect | WakeAt): void {
    switch (effect.kind) {
      case 'dial':
        this.#sockets.set(effect.link, this.#dial(effect));
        return;
      case 'hangUp':
        this.#sockets.get(effect.link)?.hangUp();
        this.#sockets.delete(effect.link);
        return;
      case 'send':
        this.#sockets.get(effect.link)?.send(effect.request);
        return;
      case 'sendPart':
        this.#sendPart(effect);
        return;
      case 'tell':
        this.#options.onEvent(effect.event);
        // A tracker that was withdrawn is left for another one.
        if (effect.event.kind === 'shutOut') this.#passage.recheck();
        return;
      case 'log':
        this.#options.log.info(effect.fields, effect.sentence);
        return;
      case 'wakeAt':
        // The host keeps wake-ups to itself.
        return;
      default:
        unreachable(effect);
    }
  }

  #dial({ tracker, link }: Extract<AnnounceEffect, { kind: 'dial' }>): TrackerConnection {
    const passage = this.#passage;
    const place = this.#lookUp();
    // It may have been hung up while a name was looked up.
    const connected = (): void => {
      if (this.#sockets.has(link)) this.post({ kind: 'connected', tracker, link });
    };
    return new DialedConnection({
      address: addressOf(this.#options, tracker),
      // So that the tracker lists us where we listen.
      ownHost: this.#upload.host,
      passage,
      need: 'track',
      magic: TRACKER_MAGIC,
      sent: trackerRequests,
      heard: trackerReplies,
      who: 'the tracker',
      ...(passage.isClosed ? { onReached: () => this.post({ kind: 'reached', tracker, link }) } : {}),
      onConnected: () => void (place === undefined ? connected() : place.then(connected)),
      onMessage: (reply) => this.post({ kind: 'replied', tracker, link, reply }),
      onClosed: (why, error) => {
        this.#sockets.delete(link);
        this.post({ kind: 'disconnected', tracker, link, reason: this.#reasonOf(why, error) });
      },
    });
  }

  /** What an advertised name stands for, which the hello says. Undefined: nothing is to be looked up. */
  #lookUp(): Promise<void> | undefined {
    return this.#options.advertise?.lookUp?.().then((isKnown) => {
      if (isKnown || this.#nextLook !== undefined) return;
      const { timers = systemTimers } = this.#options;
      this.#nextLook = timers.at(timers.nowMs() + ADVERTISED_LOOK_MS, () => {
        this.#nextLook = undefined;
        void this.#lookAgain();
      });
    });
  }

  /** Everything is told anew once the name stands for something. */
  async #lookAgain(): Promise<void> {
    await this.#lookUp();
    if (this.#options.advertise?.host !== undefined) this.tell({ kind: 'move', upload: this.#upload });
  }

  #reasonOf(why: string, error: Error | undefined): string {
    if (errnoOf(error) === 'EADDRNOTAVAIL') return `${this.#upload.host} is no longer an address of this machine`;
    const isRefused = error instanceof MiniTorrentError && error.code === 'NOT_ADMITTED';
    return isRefused ? REFUSED_BY_CLIENT + why : why;
  }

  #sendPart({ link, id, swarm, offset, length }: Extract<AnnounceEffect, { kind: 'sendPart' }>): void {
    const part = this.#options.digestsOf(swarm)?.subarray(offset, offset + length);
    if (part?.length !== length) {
      this.post({ kind: 'partMissing', id });
      return;
    }
    this.#sockets.get(link)?.send({ kind: 'pieces', id, swarm: keyBytes(swarm), offset, part });
  }

  #crashed(error: unknown): void {
    this.stop();
    this.#options.log.error({ err: error }, 'the announcer broke one of its own rules');
    if (this.#options.onCrash === undefined) throw error;
    this.#options.onCrash(error);
  }
}

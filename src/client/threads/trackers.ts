// The trackers that this client talks to: its own, and those that its .mtorrent files name. One announce actor for each
// pair, and one for all trackers that share a database, started with the first command to it.

import { fitting } from '../../foundation/base/bytes.js';
import { type Deferred, deferred, within } from '../../foundation/base/deferred.js';
import { familyOf, isWildcard } from '../../foundation/base/hosts.js';
import { hostsHere } from '../../foundation/base/interfaces.js';
import type { Log } from '../../foundation/base/log.js';
import { systemTimers, type Timer } from '../../foundation/base/timers.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import type { ClientId, SwarmKey } from '../../foundation/torrent/ids.js';
import type { NamedPair, TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { type Announce, startAnnounce } from '../../tracking/announce/actor.js';
import type {
  Advertised,
  AnnounceCommand,
  AnnounceEvent,
  MembershipEvent,
  PairEvent,
} from '../../tracking/announce/messages.js';
import type { ReachFact } from '../doctor/facts.js';
import { unreachedAt } from '../doctor/reach.js';
import { listKey } from '../files/names.js';
import { RETIRED_PAIR_MS } from '../limits.js';
import { type ClientEvent, REASON_BYTES_MAX, TRACKERS_LISTED_MAX, type TrackerView } from '../messages.js';
import { freshIdentity, type Identity } from '../state/library.js';
import { SharedTrackers } from './shared-trackers.js';

export interface TrackersOptions {
  readonly identity: Identity;
  /** Where peers reach us. Known once the client listens. */
  readonly upload: () => Address;
  readonly advertise: Advertised | undefined;
  readonly digestsOf: (swarm: SwarmKey) => Uint8Array | undefined;
  readonly onEvent: (pair: string, event: PairEvent) => void;
  /** In a closed swarm: news of who is shut out, and of the own card. */
  readonly onMembership: (event: MembershipEvent) => void;
  /**
   * The identity changes: a tracker knew a later epoch of ours, because our state was lost or restored, or our id was
   * burnt. It must be saved and shown to peers.
   */
  readonly onIdentity: (identity: Identity) => void;
  readonly log: Log;
  readonly seed: number;
  /** Those that shares of this client are announced to. They are never left. */
  readonly own: TrackerList;
  /** When an own pair is being started beside this client: settles when it listens, or failed to. Never rejects. */
  readonly starting: Promise<void> | undefined;
  /** What this client shows of itself in a closed swarm; undefined: the swarm is open. */
  readonly credentials: Credentials | undefined;
}

export class Trackers {
  readonly #options: TrackersOptions;
  readonly #announces = new Map<string, Announce>();
  readonly #lists = new Map<string, TrackerList>();
  readonly #shared: SharedTrackers;
  /** By list: whose tracker looks for us now. */
  readonly #checks = new Map<string, Deferred<void>>();
  /** By list: those that no file names any more, until they are left. */
  readonly #retiring = new Map<string, Timer>();
  #identity: Identity;

  constructor(options: TrackersOptions) {
    this.#options = options;
    this.#identity = options.identity;
    this.#shared = new SharedTrackers(options.own, (pair, event) => options.onEvent(pair, event));
  }

  tell(pair: NamedPair, command: AnnounceCommand): void {
    const list = this.listOf(pair);
    const key = listKey(list);
    this.#retiring.get(key)?.cancel();
    this.#retiring.delete(key);
    const announce = this.#announceOf(list);
    if (!this.#shared.has(pair)) announce.tell(command);
    else this.#shared.tell(pair, command, announce);
    this.#lists.set(key, list);
  }

  /** All trackers that are told what this pair is told. */
  listOf(pair: NamedPair): TrackerList {
    return this.#shared.has(pair) ? this.#options.own : pair;
  }

  /** No file names this pair any more: it is not listed, and left when its withdrawals have had their time. */
  retire(trackers: NamedPair): void {
    const pair = listKey(this.listOf(trackers));
    const announce = this.#announces.get(pair);
    if (announce === undefined || pair === listKey(this.#options.own)) return;
    this.#lists.delete(pair);
    this.#retiring.get(pair)?.cancel();
    const timer = systemTimers.at(systemTimers.nowMs() + RETIRED_PAIR_MS, () => {
      this.#retiring.delete(pair);
      this.#announces.delete(pair);
      announce.stop();
    });
    this.#retiring.set(pair, timer);
  }

  /** The own first, then the others in use. */
  lists(): readonly TrackerList[] {
    const { own } = this.#options;
    return [...new Map([[listKey(own), own], ...this.#lists]).values()];
  }

  /**
   * What the trackers that are asked find now at the address of this client. Those that do not answer within
   * `deadlineMs` say what they found before.
   */
  async checkReach(deadlineMs: number): Promise<readonly ReachFact[]> {
    const checks = [...this.#announces].map(async ([pair, announce]) => {
      const checked = this.#checks.get(pair) ?? deferred<void>();
      this.#checks.set(pair, checked);
      announce.tell({ kind: 'checkReach' });
      await within(checked.promise, deadlineMs, () => undefined);
      const at = announce.standings().findIndex(({ state }) => state === 'talking');
      const tracker = this.#lists.get(pair)?.[at];
      const reach = announce.reach();
      return tracker === undefined || reach === undefined ? [] : [{ tracker: formatAddress(tracker), ...reach }];
    });
    return (await Promise.all(checks)).flat();
  }

  /** Hosts at which trackers see or know this client, and which this machine does not have: of a NAT, then. */
  get outside(): readonly string[] {
    const here = hostsHere();
    const seen = [...this.#announces.values()].flatMap((announce) => announce.reach()?.address.host ?? []);
    return here === undefined ? [] : seen.filter((host) => !here.includes(host));
  }

  /** We listen there from now on; or the same address is there again. */
  move(upload: Address): void {
    for (const announce of this.#announces.values()) announce.tell({ kind: 'move', upload });
  }

  /** Where the tracker that is asked for own files sees this client, and nobody answers; undefined: none says so. */
  get missedAt(): string | undefined {
    const reach = this.#announces.get(listKey(this.#options.own))?.reach();
    return reach?.found === 'nobody' ? reach.address.host : undefined;
  }

  /** Some were tried, and none of all answers. */
  get areAway(): boolean {
    const all = [...this.#announces.values()].flatMap((announce) => announce.standings());
    return all.length > 0 && all.every(({ state }) => state === 'away');
  }

  /** The state of each tracker. */
  standings(): readonly TrackerView[] {
    const rows = this.lists().flatMap((trackers) => {
      const announce = this.#announces.get(listKey(trackers));
      const known = announce?.standings();
      return trackers.map((tracker, at) => {
        const { state, reason: why } = known?.[at] ?? { state: 'standby', reason: 'not needed yet' };
        const reach = state === 'talking' ? announce?.reach() : undefined;
        const reason = reach === undefined || reach.found === 'reached' ? why : unreachedAt(reach.address, reach.found);
        return { address: formatAddress(tracker), state, reason: fitting(reason, REASON_BYTES_MAX) };
      });
    });
    return rows.slice(0, TRACKERS_LISTED_MAX);
  }

  listed(ask: number): ClientEvent {
    return { kind: 'trackersListed', ask, trackers: this.standings() };
  }

  stop(): void {
    for (const timer of this.#retiring.values()) timer.cancel();
    for (const announce of this.#announces.values()) announce.stop();
  }

  #announceOf(trackers: TrackerList): Announce {
    const pair = listKey(trackers);
    const known = this.#announces.get(pair);
    if (known !== undefined) return known;
    const { upload, advertise, digestsOf, onEvent, onMembership, log, seed, own, starting, credentials } =
      this.#options;
    const { clientId, epoch } = this.#identity;
    const announce = startAnnounce({
      trackers,
      clientId,
      epoch,
      upload: upload(),
      advertise,
      digestsOf,
      onEvent: (event) => {
        if (isOfMembership(event)) {
          onMembership(event);
          return;
        }
        if (event.kind === 'reachChecked') this.#checked(pair);
        if (event.kind === 'epochRaised') this.#raiseEpoch(event.epoch);
        // Several announcers may report the same lost id: only the first report counts.
        const isLost = event.kind === 'identityBurnt' || event.kind === 'identityShared';
        if (isLost && !this.#renew(event.clientId)) return;
        if (event.kind === 'identityShared' && this.#isHere(event.other)) return;
        if (event.kind === 'left' && trackers === own && own.length > 2) this.#shared.left();
        else onEvent(pair, event);
      },
      log,
      seed,
      trackersListen: listKey(own) === pair ? starting : undefined,
      credentials,
    });
    this.#announces.set(pair, announce);
    const elsewhere = trackers.find((tracker) => isOfOtherFamily(tracker, upload()));
    if (elsewhere !== undefined) onEvent(pair, { kind: 'listedElsewhere', tracker: elsewhere, upload: upload() });
    return announce;
  }

  /**
   * At the wildcard this client answers at each address of its machine, so a tracker that it reaches by another way
   * than before meets it twice; it goes on under the new id.
   */
  #isHere(other: Address | undefined): boolean {
    const { upload, advertise } = this.#options;
    const { host, port } = upload();
    if (other?.port !== (advertise?.port ?? port) || !isWildcard(host)) return false;
    return hostsHere()?.includes(other.host) === true;
  }

  #checked(pair: string): void {
    this.#checks.get(pair)?.resolve();
    this.#checks.delete(pair);
  }

  /** @returns false when that id is no longer ours. */
  #renew(burnt: ClientId): boolean {
    if (burnt !== this.#identity.clientId) return false;
    this.#identity = { ...freshIdentity(), place: this.#identity.place };
    this.#options.onIdentity(this.#identity);
    for (const announce of this.#announces.values()) announce.tell({ kind: 'identify', ...this.#identity });
    return true;
  }

  #raiseEpoch(epoch: number): void {
    if (epoch <= this.#identity.epoch) return;
    this.#identity = { ...this.#identity, epoch };
    this.#options.onIdentity(this.#identity);
  }
}

const MEMBERSHIP: ReadonlySet<string> = new Set<MembershipEvent['kind']>([
  'shutOut',
  'trackerTime',
  'cardRenewed',
  'cardRefused',
]);

function isOfMembership(event: AnnounceEvent): event is MembershipEvent {
  return MEMBERSHIP.has(event.kind);
}

/** A wildcard is of both families. */
function isOfOtherFamily(tracker: Address, upload: Address): boolean {
  const [there, here] = [familyOf(tracker.host), familyOf(upload.host)];
  return !isWildcard(upload.host) && there !== undefined && here !== undefined && there !== here;
}

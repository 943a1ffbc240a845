// Where others find this client: the address that it listens on, the one that it advertises, and whether the tracker
// that is asked reaches it there; what that tracker can. Pure.

import { isLoopback } from '../../foundation/base/hosts.js';
import type { Address } from '../../foundation/torrent/address.js';
import { keyBytes, type SwarmKey } from '../../foundation/torrent/ids.js';
import { commonFeatures, type Features } from '../../foundation/wire/features.js';
import { OWN_FEATURES, TRACKER_FEATURES, type TrackerReply, type TrackerRequest } from '../tracker/messages.js';
import type { AnnounceSetting } from './effects.js';
import type { AnnounceEvent } from './messages.js';
import type { Own } from './own.js';
import { ReachCheck, type Reached } from './reach-check.js';
import { helloOf } from './requests.js';

type Reply<K extends TrackerReply['kind']> = Extract<TrackerReply, { kind: K }>;

export class Whereabouts {
  readonly #advertise: AnnounceSetting['advertise'];
  readonly #tell: (event: AnnounceEvent) => void;
  readonly #reach = new ReachCheck();
  #upload: Address;
  #features: Features = new Set();

  constructor({ upload, advertise }: AnnounceSetting, tell: (event: AnnounceEvent) => void) {
    this.#upload = upload;
    this.#advertise = advertise;
    this.#tell = tell;
  }

  /** Addresses at which we would dial ourselves. */
  get own(): readonly Address[] {
    const advertise = this.#advertise;
    if (advertise === undefined) return [this.#upload];
    return [this.#upload, { host: advertise.host ?? this.#upload.host, port: advertise.port }];
  }

  /** Of the tracker that is asked. */
  get features(): Features {
    return this.#features;
  }

  get reach(): Reached | undefined {
    const [last, named] = [this.#reach.last, this.#advertise?.host];
    const isMisled = last !== undefined && named !== undefined && isLoopback(named) && !isLoopback(last.address.host);
    return isMisled ? { ...last, insteadOf: named } : last;
  }

  hello(own: Own): TrackerRequest {
    return helloOf(own, this.#upload, this.#advertise);
  }

  moved(upload: Address): void {
    this.#upload = upload;
  }

  /** No tracker is asked now. */
  startOver(): void {
    this.#features = new Set();
    this.#reach.startOver(false);
  }

  /** This tracker is asked from now on. */
  greeted(tracker: Address, { features = new Uint8Array(0) }: Reply<'helloReply'>): void {
    this.#features = commonFeatures(features, OWN_FEATURES);
    const isUnderstood = this.#features.has(TRACKER_FEATURES.namesAddress);
    this.#reach.startOver(isUnderstood);
    if (!isUnderstood && this.#advertise?.host !== undefined) this.#tell({ kind: 'advertiseIgnored', tracker });
  }

  listed(swarm: SwarmKey, nowMs: number): void {
    this.#reach.listed(swarm, nowMs);
  }

  check(nowMs: number): void {
    if (!this.#reach.askNow(nowMs)) this.#tell({ kind: 'reachChecked' });
  }

  /** The request that is due; undefined: none. @param idOf called when, and only when, there is one. */
  next(idOf: () => number, nowMs: number): TrackerRequest | undefined {
    const swarm = this.#reach.next(nowMs);
    return swarm === undefined ? undefined : { kind: 'reach', id: idOf(), swarm: keyBytes(swarm) };
  }

  nextAtMs(): number {
    return this.#reach.nextAtMs();
  }

  answered(tracker: Address, reply: TrackerReply, nowMs: number): void {
    const { found, host, port } = reply.kind === 'reach' ? reply : { found: 'unasked' as const, host: '', port: 0 };
    const isNews = this.#reach.answered(found, { host, port }, nowMs);
    const { reach } = this;
    if (isNews && reach !== undefined) this.#tell({ kind: 'reach', tracker, ...reach });
    this.#tell({ kind: 'reachChecked' });
  }

  /** Another client has our address or our identity. */
  beside(tracker: Address, { what, keeps, host, port }: Reply<'beside'>): 'nothing' | 'tellAgain' | 'newIdentity' {
    const other = { host, port };
    if (what === 'sameAddress') this.#tell({ kind: 'addressShared', tracker, address: other });
    if (what === 'sameAddress') return 'nothing';
    if (keeps) this.#tell({ kind: 'identityCopied', tracker, other });
    return keeps ? 'tellAgain' : 'newIdentity';
  }
}

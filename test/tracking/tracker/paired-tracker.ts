// A tracker's real machine with the real paired store in it, seen flat: what the store's shell reports and performs
// stands among the tracker's own inputs and effects.

import type { Wake, WakeAt } from '../../../src/foundation/actor/machine.js';
import { trackerId } from '../../../src/foundation/torrent/ids.js';
import type { Registry } from '../../../src/tracking/registry/registry.js';
import {
  PairedStore,
  type PairedStoreEffect,
  type PairedStoreInput,
  type PairedStoreSetting,
} from '../../../src/tracking/store/paired-store.js';
import type { TrackerEffect, TrackerInput, TrackerSetting } from '../../../src/tracking/tracker/machine/effects.js';
import { TrackerMachine } from '../../../src/tracking/tracker/machine/machine.js';

type Own<T extends { readonly kind: string }> = Exclude<T, { kind: 'store' }>;
export type FlatInput = Own<TrackerInput<never>> | PairedStoreInput;
export type FlatEffect = Own<TrackerEffect<never>> | PairedStoreEffect;
export type PairedSetting = TrackerSetting & Omit<PairedStoreSetting, 'partnerHost'>;

const OWN: ReadonlySet<string> = new Set([
  'stoodStill',
  'opened',
  'clock',
  'received',
  'handedOver',
  'closed',
  'dialedBack',
  'wake',
] satisfies (Own<TrackerInput<never>> | Wake)['kind'][]);

export const NOBODY = { origin: new Uint8Array(16), position: 0 };

export class PairedTracker {
  readonly machine: TrackerMachine<PairedStoreInput, PairedStoreEffect>;
  #store: PairedStore | undefined;

  constructor(setting: PairedSetting) {
    this.machine = new TrackerMachine<PairedStoreInput, PairedStoreEffect>(setting, (sink) => {
      this.#store = new PairedStore({ ...setting, partnerHost: setting.partner.host }, sink);
      return this.#store;
    });
  }

  get registry(): Registry {
    return this.machine.registry;
  }

  /** As it is told to the partner. */
  digests(): Uint8Array {
    return this.#store?.index.digests.bytes() ?? new Uint8Array(0);
  }

  receive(input: FlatInput | Wake, nowMs: number): (FlatEffect | WakeAt)[] {
    const handing = input.kind === 'followerSaid' && input.message.kind === 'follow';
    const { connection = 0 } = handing ? input : {};
    const first = handing ? this.machine.receive({ kind: 'handedOver', connection }, nowMs) : [];
    return [...first, ...this.machine.receive(wrapped(input), nowMs)].map((effect) =>
      effect.kind === 'store' ? effect.effect : effect,
    );
  }
}

function isOwn(input: FlatInput | Wake): input is Own<TrackerInput<never>> | Wake {
  return OWN.has(input.kind);
}

function wrapped(input: FlatInput | Wake): TrackerInput<PairedStoreInput> | Wake {
  return isOwn(input) ? input : { kind: 'store', input };
}

export function idOf(byte: number): Uint8Array {
  return trackerId(new Uint8Array(16).fill(byte));
}

// The jobs that wait for a disk: which effects they perform, and the shape of their table. Pure.

import type { ClientEffect, ClientInput, Refusal } from '../effects.js';

type SharingKind = 'prepareShare' | 'writeShare';
type GettingKind = 'prepareGet' | 'judgeTarget' | 'judgeMoves';
type DownloadingKind =
  | 'openPart'
  | 'releasePart'
  | 'lookAtCompleted'
  | 'deleteFiles'
  | 'deleteMetainfo'
  | 'replaceTracker';
type LookingKind = 'check' | 'lookAtSources' | 'lookAtEntries' | 'lookAtRoom';
type VerifyingKind = 'hashAgain' | 'mend';
type TellingKind = 'mapPieces' | 'makeLink';
type RetiringKind = 'lookAtFetched' | 'retire';
export type Kind =
  | SharingKind
  | GettingKind
  | DownloadingKind
  | LookingKind
  | VerifyingKind
  | RetiringKind
  | TellingKind;
export type EffectOf<K extends Kind> = Extract<ClientEffect, { readonly kind: K }>;
export type DiskEffect = EffectOf<Kind>;

export interface Job<K extends Kind> {
  /** Resolves to undefined when the machine waits for nothing. */
  readonly perform: (effect: EffectOf<K>) => Promise<ClientInput | undefined>;
  /** What the machine is told when the job rejects with a MiniTorrentError. */
  readonly refused: (effect: EffectOf<K>, refusal: Refusal) => ClientInput;
}
export type Jobs<Kinds extends Kind = Kind> = { readonly [K in Kinds]: Job<K> };

/** The groups in which the jobs are written down. */
export interface JobGroups {
  readonly sharing: Jobs<SharingKind>;
  readonly getting: Jobs<GettingKind>;
  readonly downloading: Jobs<DownloadingKind>;
  readonly looking: Jobs<LookingKind>;
  readonly verifying: Jobs<VerifyingKind>;
  readonly retiring: Jobs<RetiringKind>;
  readonly telling: Jobs<TellingKind>;
}

// A dial-back: whether a client answers at an address that it claims, asked about a file that it shares.

import type { KeyId } from '../../../foundation/identity/keys.js';
import type { ClientId, SwarmKey } from '../../../foundation/torrent/ids.js';

/** What a dial-back says hello about. */
export interface Asked {
  readonly swarm: SwarmKey;
  readonly pieceCount: number;
}

/** A client that names an address and shares a file there. */
export interface Claim extends Asked {
  readonly client: ClientId;
  readonly host: string;
  readonly port: number;
}

export interface DialBack extends Asked {
  readonly number: number;
  readonly host: string;
  readonly port: number;
}

/** What anyone who is at the address said: a peer id, that it has no such file, or nothing that tells who it is. */
export type DialBackAnswer =
  /** `member`: whose card it showed, in a closed swarm. */
  | { readonly kind: 'hello'; readonly peerId: Uint8Array; readonly member?: KeyId | undefined }
  | { readonly kind: 'unknownSwarm' }
  | { readonly kind: 'nothing' };

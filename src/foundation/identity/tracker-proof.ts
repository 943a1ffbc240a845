// The root's word that an administrator may invite a tracker. Without it whoever stole an administrator's key could
// make trackers of his own at a tracker beside which the root's key lies. Pure.

import { isSignedBy, type KeyId, keyIdBytes, type PublicKey } from './keys.js';
import type { Signer } from './statement.js';

const CONTEXT = Buffer.from('mtorrent invitation of a tracker\0', 'latin1');

/** SIGNATURE_SIZE bytes. @param signer the root's private key. */
export function trackerProof(root: PublicKey, administrator: KeyId, signer: Signer): Uint8Array {
  return signer.sign(signedBytes(root, administrator));
}

export function isTrackerProof(root: PublicKey, administrator: KeyId, proof: Uint8Array): boolean {
  return isSignedBy(root, signedBytes(root, administrator), proof);
}

function signedBytes(root: PublicKey, administrator: KeyId): Uint8Array {
  return Buffer.concat([CONTEXT, root, keyIdBytes(administrator)]);
}

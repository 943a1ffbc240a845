// How another certificate authority vouches for a key that wants to join: the key signs what only this TLS connection
// has, on which the authority's certificate was proved. So the two are one machine's, and no proof is good twice. Pure.

import { isSignedBy, type PublicKey } from './keys.js';
import type { Signer } from './statement.js';

/** Of TLS (RFC 8446, 7.5): both ends of a connection make the same bytes with it, and nobody else can. */
export const VOUCHING_LABEL = 'EXPORTER-mtorrent-join';
/** Bytes that are made so. */
export const VOUCHING_SIZE = 32;
const CONTEXT = Buffer.from('mtorrent join by another authority\0', 'latin1');
/** The alternative names of a certificate as Node writes them, from the first on; odd ones are quoted as in JSON. */
const ALTERNATIVE_NAMES = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/gy;

/** SIGNATURE_SIZE bytes. @param signer the key that joins. @param exported of the connection, VOUCHING_SIZE bytes. */
export function vouchingProof(root: PublicKey, exported: Uint8Array, signer: Signer): Uint8Array {
  return signer.sign(signedBytes(root, exported));
}

export function isVouchingProof(root: PublicKey, exported: Uint8Array, key: PublicKey, proof: Uint8Array): boolean {
  return isSignedBy(key, signedBytes(root, exported), proof);
}

/** Any text: it is made to fit where it becomes a member's name. Undefined: the certificate names no host. */
export function firstDnsName(alternativeNames: string | undefined): string | undefined {
  for (const [, kind, name = ''] of (alternativeNames ?? '').matchAll(ALTERNATIVE_NAMES))
    if (kind === 'DNS') return name.startsWith('"') ? unquoted(name) : name;
  return undefined;
}

function unquoted(name: string): string | undefined {
  try {
    return String(JSON.parse(name));
  } catch {
    return undefined;
  }
}

function signedBytes(root: PublicKey, exported: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, root, exported]);
}

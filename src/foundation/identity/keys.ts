// Ed25519 keys (RFC 8032) as this program uses them: 32 raw bytes for the public key, a secret that no log and no
// sentence shows for the private one. A key's id is the beginning of its SHA-256.

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { assert } from '../base/assert.js';
import { toBase32 } from './base32.js';

declare const brand: unique symbol;
/** 32 raw bytes of an Ed25519 public key. */
export type PublicKey = Uint8Array & { readonly [brand]: 'PublicKey' };
/** First 16 bytes of SHA-256 over a public key, 32 lower-case hex digits. */
export type KeyId = string & { readonly [brand]: 'KeyId' };

export const PUBLIC_KEY_SIZE = 32;
export const KEY_ID_SIZE = 16;
export const SIGNATURE_SIZE = 64;
/** Bytes before the 32 of the key in SubjectPublicKeyInfo; what stands there in PKCS#8 (RFC 8410). */
const SPKI_PREFIX_SIZE = 12;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A private key. Shown anywhere, it says `[secret]`. */
export class SecretKey {
  readonly #key: KeyObject;
  readonly publicKey: PublicKey;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = rawOf(createPublicKey(key));
  }

  static generate(): SecretKey {
    return new SecretKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** Undefined unless it is PKCS#8 PEM of an Ed25519 key without a passphrase. */
  static parse(pem: string | Buffer): SecretKey | undefined {
    try {
      const key = createPrivateKey(pem);
      return key.asymmetricKeyType === 'ed25519' ? new SecretKey(key) : undefined;
    } catch {
      // OpenSSL's sentence says nothing that a person could act on; the caller names the file.
      return undefined;
    }
  }

  /** @param seed the 32 bytes that make the key; for test vectors and for threads of this process. */
  static ofSeed(seed: Uint8Array): SecretKey {
    assert(seed.length === PUBLIC_KEY_SIZE, 'a seed is 32 bytes');
    return new SecretKey(createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' }));
  }

  /** 64 bytes, the same for the same bytes. */
  sign(bytes: Uint8Array): Uint8Array {
    return sign(null, bytes, this.#key);
  }

  /** PKCS#8 PEM: for a file of mode 0600, for TLS and for nothing else. */
  exportPem(): string {
    return this.#key.export({ format: 'pem', type: 'pkcs8' }).toString();
  }

  /** The 32 bytes that make the key, for another thread of this process. */
  exportSeed(): Uint8Array {
    return this.#key.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }
}

export function publicKey(bytes: Uint8Array): PublicKey {
  assert(bytes.length === PUBLIC_KEY_SIZE, 'a public key is 32 bytes');
  return bytes as PublicKey;
}

/** Never throws: bytes that are no point of the curve verify nothing. */
export function isSignedBy(key: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    // As JWK (RFC 8037): OpenSSL's decoder of DER takes as long as the check itself.
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key).toString('base64url') };
    return verify(null, bytes, createPublicKey({ key: jwk, format: 'jwk' }), signature);
  } catch {
    return false;
  }
}

export function keyIdOf(key: PublicKey): KeyId {
  // Not a slice of a longer string, which would keep all of that alive for each connection.
  return createHash('sha256').update(key).digest().toString('hex', 0, KEY_ID_SIZE) as KeyId;
}

/** @param bytes KEY_ID_SIZE of them. */
export function keyId(bytes: Uint8Array): KeyId {
  assert(bytes.length === KEY_ID_SIZE, 'a key id is 16 bytes');
  return Buffer.from(bytes).toString('hex') as KeyId;
}

export function keyIdBytes(id: KeyId): Uint8Array {
  return Buffer.from(id, 'hex');
}

/** Letters of a key that people see. */
export const SHORT_LETTERS = 8;

/** What people see of a key: SHORT_LETTERS of its id. */
export function shortName(id: KeyId): string {
  return toBase32(keyIdBytes(id)).slice(0, SHORT_LETTERS);
}

function rawOf(key: KeyObject): PublicKey {
  return publicKey(new Uint8Array(key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX_SIZE)));
}

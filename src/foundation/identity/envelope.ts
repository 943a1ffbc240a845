// The certificate in which a card travels through TLS: self-signed X.509 whose every byte is constant but those of the
// key, the card and the signature. It is made by filling holes and read by comparing the rest, so nothing of X.509 is
// ever interpreted. Pure.

import { assert } from '../base/assert.js';
import { CARD_SIZE } from './card.js';
import { PUBLIC_KEY_SIZE, type PublicKey, publicKey, type SecretKey, SIGNATURE_SIZE } from './keys.js';

export interface Envelope {
  readonly key: PublicKey;
  /** CARD_SIZE bytes, of which nothing was checked. */
  readonly card: Uint8Array;
}

const [INTEGER, BIT_STRING, OCTET_STRING, OBJECT_ID, UTF8, SEQUENCE, SET] = [2, 3, 4, 6, 12, 0x30, 0x31];
const [UTC_TIME, GENERALIZED_TIME, VERSION_TAG, EXTENSIONS_TAG] = [0x17, 0x18, 0xa0, 0xa3];
/** 1.3.101.112 (RFC 8410). */
const ED25519 = der(SEQUENCE, der(OBJECT_ID, Buffer.from('2b6570', 'hex')));
/** 2.5.4.3 */
const COMMON_NAME = Buffer.from('550403', 'hex');
/** 2.25 and a random UUID, which nobody has to register (ITU-T X.667). */
const CARD_OID = Buffer.from('6981de9c8ed3d1a592b0f79d878aeff5d4c78757', 'hex');

const NAME = der(
  SEQUENCE,
  der(SET, der(SEQUENCE, der(OBJECT_ID, COMMON_NAME), der(UTF8, Buffer.from('mtorrent', 'latin1')))),
);
/** RFC 5280, 4.1.2.5: the end stands for no end. */
const VALIDITY = der(
  SEQUENCE,
  der(UTC_TIME, Buffer.from('000101000000Z', 'latin1')),
  der(GENERALIZED_TIME, Buffer.from('99991231235959Z', 'latin1')),
);

const TEMPLATE = certificate(
  new Uint8Array(PUBLIC_KEY_SIZE),
  new Uint8Array(CARD_SIZE),
  new Uint8Array(SIGNATURE_SIZE),
);
const MARKED = certificate(marks(PUBLIC_KEY_SIZE), marks(CARD_SIZE), marks(SIGNATURE_SIZE));
const KEY_AT = holeIn(MARKED, PUBLIC_KEY_SIZE, 0);
const CARD_AT = holeIn(MARKED, CARD_SIZE, KEY_AT + PUBLIC_KEY_SIZE);
const SIGNATURE_AT = holeIn(MARKED, SIGNATURE_SIZE, CARD_AT + CARD_SIZE);

/** Bytes of every certificate of a closed swarm. */
export const ENVELOPE_SIZE = TEMPLATE.length;

/** DER, signed by the key itself. @param card CARD_SIZE bytes. */
export function sealEnvelope(secret: SecretKey, card: Uint8Array): Uint8Array {
  assert(card.length === CARD_SIZE, 'a card has one size');
  return certificate(secret.publicKey, card, secret.sign(toBeSigned(secret.publicKey, card)));
}

/** Undefined for a certificate with any byte that is not of ours. Owns what it answers. */
export function openEnvelope(certificateBytes: Uint8Array): Envelope | undefined {
  if (certificateBytes.length !== ENVELOPE_SIZE) return undefined;
  const blank = Buffer.from(certificateBytes);
  const key = Uint8Array.from(blank.subarray(KEY_AT, KEY_AT + PUBLIC_KEY_SIZE));
  const card = Uint8Array.from(blank.subarray(CARD_AT, CARD_AT + CARD_SIZE));
  blank.fill(0, KEY_AT, KEY_AT + PUBLIC_KEY_SIZE);
  blank.fill(0, CARD_AT, CARD_AT + CARD_SIZE);
  blank.fill(0, SIGNATURE_AT, SIGNATURE_AT + SIGNATURE_SIZE);
  return blank.equals(TEMPLATE) ? { key: publicKey(key), card } : undefined;
}

/** For TLS libraries, which want text. */
export function pemOf(envelope: Uint8Array): string {
  const lines =
    Buffer.from(envelope)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function certificate(key: Uint8Array, card: Uint8Array, signature: Uint8Array): Buffer {
  return der(SEQUENCE, toBeSigned(key, card), ED25519, der(BIT_STRING, Uint8Array.of(0), signature));
}

function toBeSigned(key: Uint8Array, card: Uint8Array): Buffer {
  const extension = der(SEQUENCE, der(OBJECT_ID, CARD_OID), der(OCTET_STRING, card));
  return der(
    SEQUENCE,
    der(VERSION_TAG, der(INTEGER, Uint8Array.of(2))),
    der(INTEGER, Uint8Array.of(1)),
    ED25519,
    NAME,
    VALIDITY,
    NAME,
    der(SEQUENCE, ED25519, der(BIT_STRING, Uint8Array.of(0), key)),
    der(EXTENSIONS_TAG, der(SEQUENCE, extension)),
  );
}

/** One value of DER (ITU-T X.690): tag, length, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(head), body]);
}

function marks(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xff);
}

function holeIn(marked: Buffer, length: number, from: number): number {
  const at = marked.indexOf(marks(length), from);
  assert(at >= 0, 'the template has a hole for each part');
  return at;
}

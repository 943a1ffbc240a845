// What one key says of another: 115 bytes of constant layout and a signature of 64. The root's key is part of what is
// signed and never travels, so a statement of another swarm has a wrong signature here. Pure.

import { assert } from '../base/assert.js';
import { isSignedBy, PUBLIC_KEY_SIZE, type PublicKey, publicKey, type SecretKey, SIGNATURE_SIZE } from './keys.js';
import { POWERS_MAX } from './powers.js';

/** Who says it: the root of `tracker` and `withdrawn`, a tracker of `member`. */
export type StatementKind = 'tracker' | 'member' | 'withdrawn';

export interface Statement {
  readonly kind: StatementKind;
  /** Bits of `POWERS`. */
  readonly powers: number;
  /** Of whom it speaks, as `isMemberName` wants it. */
  readonly name: string;
  readonly key: PublicKey;
  /** Seconds since 1970; for people, decides nothing. */
  readonly saidAtS: number;
  /** Seconds since 1970; 0: for ever. */
  readonly goodUntilS: number;
}

export const STATEMENT_SIZE = 179;
export const MEMBER_NAME_MAX = 64;
const BODY_SIZE = STATEMENT_SIZE - SIGNATURE_SIZE;
const MAGIC = Buffer.from('MTS\x01', 'latin1');
const CONTEXT = Buffer.from('mtorrent statement\0', 'latin1');
const KINDS: Readonly<Record<StatementKind, number>> = { tracker: 1, member: 2, withdrawn: 3 };
const NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/;
/** Where each field begins. */
const [KIND_AT, POWERS_AT, NAME_AT, KEY_AT, SAID_AT, UNTIL_AT] = [4, 5, 6, 71, 103, 109];
const TIME_SIZE = 6;
const TIME_MAX = 2 ** 48 - 1;

/** ASCII and lower case, so that no two names look alike. */
export function isMemberName(text: string): boolean {
  return NAME.test(text);
}

/** Who has a secret key, without showing it. */
export type Signer = Pick<SecretKey, 'sign'>;

/** 179 bytes. */
export function signStatement(statement: Statement, root: PublicKey, signer: Signer): Uint8Array {
  const bytes = Buffer.alloc(STATEMENT_SIZE);
  bytes.set(bodyOf(statement));
  bytes.set(signer.sign(signedBytes(root, bytes.subarray(0, BODY_SIZE))), BODY_SIZE);
  return bytes;
}

/** What the bytes say, whoever signed them; undefined when they are no statement. Owns its key. */
export function parseStatement(bytes: Uint8Array): Statement | undefined {
  if (bytes.length !== STATEMENT_SIZE) return undefined;
  const view = Buffer.from(bytes);
  const kind = kindOf(view[KIND_AT]);
  const powers = view[POWERS_AT] ?? 0;
  const length = view[NAME_AT] ?? 0;
  if (!MAGIC.equals(view.subarray(0, KIND_AT)) || kind === undefined || powers > POWERS_MAX) return undefined;
  const name = view.subarray(NAME_AT + 1, NAME_AT + 1 + Math.min(length, MEMBER_NAME_MAX)).toString('latin1');
  const padding = view.subarray(NAME_AT + 1 + length, KEY_AT);
  if (length > MEMBER_NAME_MAX || !isMemberName(name) || padding.some((byte) => byte !== 0)) return undefined;
  return {
    kind,
    powers,
    name,
    key: publicKey(Uint8Array.from(view.subarray(KEY_AT, KEY_AT + PUBLIC_KEY_SIZE))),
    saidAtS: view.readUIntBE(SAID_AT, TIME_SIZE),
    goodUntilS: view.readUIntBE(UNTIL_AT, TIME_SIZE),
  };
}

/** @param bytes that `parseStatement` takes. */
export function isStatementOf(signer: PublicKey, root: PublicKey, bytes: Uint8Array): boolean {
  return isSignedBy(signer, signedBytes(root, bytes.subarray(0, BODY_SIZE)), bytes.subarray(BODY_SIZE));
}

function bodyOf({ kind, powers, name, key, saidAtS, goodUntilS }: Statement): Uint8Array {
  assert(isMemberName(name), 'a name was checked before it is signed');
  assert(powers >= 0 && powers <= POWERS_MAX, 'powers are five bits');
  assert(isTime(saidAtS) && isTime(goodUntilS), 'a time fits six bytes');
  const body = Buffer.alloc(BODY_SIZE);
  body.set(MAGIC);
  body[KIND_AT] = KINDS[kind];
  body[POWERS_AT] = powers;
  body[NAME_AT] = name.length;
  body.write(name, NAME_AT + 1, 'latin1');
  body.set(key, KEY_AT);
  body.writeUIntBE(saidAtS, SAID_AT, TIME_SIZE);
  body.writeUIntBE(goodUntilS, UNTIL_AT, TIME_SIZE);
  return body;
}

function signedBytes(root: PublicKey, body: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, root, body]);
}

function kindOf(byte: number | undefined): StatementKind | undefined {
  return (Object.keys(KINDS) as StatementKind[]).find((kind) => KINDS[kind] === byte);
}

function isTime(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= TIME_MAX;
}

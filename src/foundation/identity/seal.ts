// The signature of a .mtorrent: its last two lines, `publisher:` with the publisher's card and `signature:`. Signed is
// the SHA-256 of all the file says behind its trackers, so a signature holds wherever the trackers move, and no other
// line can change. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { METAINFO_EXTRA_LINES_MAX } from '../base/limits.js';
import { command } from '../base/shell-line.js';
import { infoDigestBytes, infoFactsOf } from '../torrent/info-text.js';
import type { Metainfo } from '../torrent/metainfo.js';
import { CARD_SIZE, readCard } from './card.js';
import type { Credentials } from './credentials.js';
import { isSignedBy, type KeyId, keyIdOf, type PublicKey, SIGNATURE_SIZE } from './keys.js';
import { hasPower } from './powers.js';
import type { Standing } from './standing.js';
import { parseStatement, STATEMENT_SIZE } from './statement.js';

export const PUBLISHER_KEY = 'publisher';
export const SIGNATURE_KEY = 'signature';

export interface Publisher {
  /** As the card says: proved only by a good seal. */
  readonly name: string;
  readonly id: KeyId;
}

/** What is known of a signature. */
export type SealVerdict =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'good'; readonly publisher: Publisher; readonly signedAtS: number }
  /** Of another swarm, or nothing here knows one: it was not checked. */
  | { readonly kind: 'foreign'; readonly publisher: Publisher; readonly signedAtS: number }
  /** `why` follows the file's name and says what to do. */
  | { readonly kind: 'refused'; readonly why: string };

const CONTEXT = Buffer.from('mtorrent file\0', 'latin1');
const TIME_SIZE = 6;
/** Seconds of the last moment of the year 9999. */
const TIME_MAX_S = 253_402_300_799;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
const FRESH = 'ask its sender for a fresh copy of the .mtorrent';

/**
 * The same file with a signature by this member in place of any other. INVALID_ARGUMENTS without a SHA-256 of a single
 * file, or with too many lines; NOT_ADMITTED when the card does not allow it.
 * @param atS seconds since 1970, for people.
 */
export function sealMetainfo(metainfo: Metainfo, signer: Signer, atS: number): Metainfo {
  checkMaySign(signer);
  const { card, root, sign } = signer;
  const bare = withoutSeal(metainfo);
  if (bare.layout.folder === undefined && bare.sha256 === undefined) {
    const sentence = `${metainfo.name} has no SHA-256 in its .mtorrent, which a signature needs; make it again with: ${command('create', '--sign')}`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  if (bare.extra.length + (bare.sha256 === undefined ? 0 : 1) + 2 > METAINFO_EXTRA_LINES_MAX) {
    const sentence = `the .mtorrent of ${metainfo.name} has no room for the two lines of a signature; leave out some of its further lines`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const time = Buffer.alloc(TIME_SIZE);
  time.writeUIntBE(Math.min(Math.max(Math.floor(atS), 0), TIME_MAX_S), 0, TIME_SIZE);
  const signature = Buffer.concat([time, sign(signedBytes(bare, root, time))]);
  const lines = [
    [PUBLISHER_KEY, Buffer.from(card).toString('base64url')],
    [SIGNATURE_KEY, signature.toString('base64url')],
  ] as const;
  return { ...bare, extra: [...bare.extra, ...lines] };
}

/** Throws NOT_ADMITTED when its card does not allow it. */
export function checkMaySign({ card, root }: Signer): void {
  const read = readCard(card, root);
  if (read?.kind === 'member' && hasPower(read.member.powers, 'sign')) return;
  const who = read?.kind === 'member' ? read.member.name : 'this machine';
  const sentence = `${who} may not sign in this swarm; ask its administrator for an invitation as publisher`;
  throw new MiniTorrentError('NOT_ADMITTED', sentence);
}

/** What a member signs with. */
export interface Signer {
  /** CARD_SIZE bytes. */
  readonly card: Uint8Array;
  readonly root: PublicKey;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

export function signerOf(credentials: Credentials): Signer {
  const { card, root } = credentials;
  return { card, root, sign: (bytes) => credentials.sign(bytes) };
}

/** @param standing of the own swarm; undefined: this process is of none. */
export function judgeSeal(metainfo: Metainfo, standing: Standing | undefined): SealVerdict {
  const seal = sealIn(metainfo);
  if (seal === 'none') return { kind: 'unsigned' };
  if (seal === 'damaged') return refused(`has a signature that is damaged; ${FRESH}`);
  const { publisher, signedAtS } = seal;
  if (standing === undefined || !isOfTracker(seal.card, standing.root))
    return { kind: 'foreign', publisher, signedAtS };
  const why = faultIn(seal, metainfo, standing);
  return why === undefined ? { kind: 'good', publisher, signedAtS } : refused(why);
}

/** The file as it was before it was signed. */
export function withoutSeal(metainfo: Metainfo): Metainfo {
  return { ...metainfo, extra: metainfo.extra.filter(([key]) => key !== PUBLISHER_KEY && key !== SIGNATURE_KEY) };
}

interface Seal {
  readonly card: Uint8Array;
  readonly publisher: Publisher;
  readonly key: PublicKey;
  readonly signedAtS: number;
  readonly time: Uint8Array;
  readonly signature: Uint8Array;
}

/** Both lines are the last ones, in this order. */
function sealIn({ extra }: Metainfo): Seal | 'none' | 'damaged' {
  const count = extra.filter(([key]) => key === PUBLISHER_KEY || key === SIGNATURE_KEY).length;
  if (count === 0) return 'none';
  const [[firstKey, first] = [], [secondKey, second] = []] = extra.slice(-2);
  if (count !== 2 || firstKey !== PUBLISHER_KEY || secondKey !== SIGNATURE_KEY) return 'damaged';
  const card = bytesOf(first, CARD_SIZE);
  const bytes = bytesOf(second, TIME_SIZE + SIGNATURE_SIZE);
  const said = card === undefined ? undefined : parseStatement(card.subarray(STATEMENT_SIZE));
  if (card === undefined || bytes === undefined || said?.kind !== 'member') return 'damaged';
  if (parseStatement(card.subarray(0, STATEMENT_SIZE))?.kind !== 'tracker') return 'damaged';
  const signedAtS = bytes.readUIntBE(0, TIME_SIZE);
  if (signedAtS > TIME_MAX_S) return 'damaged';
  const [time, signature] = [bytes.subarray(0, TIME_SIZE), bytes.subarray(TIME_SIZE)];
  return { card, publisher: { name: said.name, id: keyIdOf(said.key) }, key: said.key, signedAtS, time, signature };
}

/** Whether the root said that a tracker signed this card. */
function isOfTracker(card: Uint8Array, root: PublicKey): boolean {
  const tracker = Buffer.concat([card.subarray(0, STATEMENT_SIZE)], CARD_SIZE);
  return readCard(tracker, root)?.kind === 'tracker';
}

function faultIn(seal: Seal, metainfo: Metainfo, standing: Standing): string | undefined {
  const { name, id } = seal.publisher;
  const { root } = standing;
  const card = readCard(seal.card, root);
  if (card?.kind !== 'member') return `has a publisher's card that no tracker of this swarm signed; ${FRESH}`;
  const again = `ask for one that another publisher signed`;
  if (standing.isWithdrawn(keyIdOf(card.tracker.key)))
    return `is signed by ${name}, whose tracker was withdrawn from this swarm; ask ${name} to sign it again: ${command('sign')}`;
  if (standing.bans.isBanned(id)) return `is signed by ${name}, who is banned from this swarm; ${again}`;
  if (!hasPower(card.member.powers, 'sign')) return `is signed by ${name}, who may not sign in this swarm; ${again}`;
  if (metainfo.layout.folder === undefined && metainfo.sha256 === undefined)
    return `is signed by ${name}, but without the SHA-256 that a signed file has; ${FRESH}`;
  const isRight = isSignedBy(seal.key, signedBytes(withoutSeal(metainfo), root, seal.time), seal.signature);
  return isRight ? undefined : `was changed after ${name} signed it; ${FRESH}`;
}

/** Of a .mtorrent without its signature. @param time as it stands in the signature. */
function signedBytes(bare: Metainfo, root: PublicKey, time: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, root, infoDigestBytes(infoFactsOf(bare).info), time]);
}

/** Undefined unless it is base64url of so many bytes, in its one form. */
function bytesOf(text: string | undefined, length: number): Buffer | undefined {
  if (text === undefined || !BASE64URL.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === length && bytes.toString('base64url') === text ? bytes : undefined;
}

function refused(why: string): SealVerdict {
  return { kind: 'refused', why };
}

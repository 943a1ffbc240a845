// A link that stands for a .mtorrent in one line of text: `mtorrent:<S>-<m>-<size>-<x>@<t1>,<t2>/<name>`. It has no
// character that a shell or a chat program would take for its own. What it does not say, trackers and peers give, and
// its SHA-256 of the info text checks. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { LINK_BYTES_MAX, LIST_BYTES_MAX } from '../base/limits.js';
import { type Address, formatAddress, parseNamedAddress, sameAddress } from './address.js';
import { FILE_SIZE_MAX } from './geometry.js';
import { parseSwarmKey, type SwarmKey } from './ids.js';
import { INFO_DIGEST_SIZE, type InfoDigest, infoDigestBytes, infoDigestOf, infoFactsOf } from './info-text.js';
import type { Metainfo } from './metainfo.js';
import { checkFileName, printable } from './names.js';

export interface Link {
  /** SHA-1 of the piece hashes. */
  readonly swarm: SwarmKey;
  /** SHA-256 of the info text. */
  readonly info: InfoDigest;
  /** Bytes that the pieces cover. */
  readonly size: number;
  /** Bytes of the lines behind the piece hashes, which a peer gives; 0: there are none. */
  readonly listBytes: number;
  /** Host names may be among them. */
  readonly trackers: readonly [Address, Address];
  /** Safe by `checkFileName`. */
  readonly name: string;
}

const SCHEME = 'mtorrent:';
/** What a shell, a chat program or a reader of links could take for its own is written as %XX. */
const ENCODED = /[^A-Za-z0-9._-]+/g;
const SIZE = /^(?:0|[1-9]\d{0,15})$/;
/** 32 bytes. */
const BASE64URL = /^[A-Za-z0-9_-]{43}$/;
const REMEDY = 'ask its sender for the whole link, from mtorrent: to the name at its end';

/** What a mail or a chat puts around a link: quotes, brackets, marks of quoted lines, characters of no width. */
const AROUND = String.raw`\s<>"'\x60\u201c\u201d\u2018\u2019\u00ab\u00bb()\[\]\u200b\u2060\ufeff`;
const BEFORE = new RegExp(`^[${AROUND}]+`);
const BEHIND = new RegExp(`[${AROUND}]+$`);
/** Behind a link in a sentence. */
const SENTENCE_MARKS = /[\s,;!?]+$/;
/** A line that was wrapped, maybe within quoted text, or in a mail whose wrapped lines end with =. */
const WRAPPED = /=?[^\S\r\n]*[\r\n]+[\s>]*/g;
const BLANK = /[\s\u200b\u2060\ufeff\u00ad]+/g;

/** Whether the text is meant as a link, however damaged, and whatever it was pasted with. */
export function isLink(text: string): boolean {
  return text.replace(BEFORE, '').slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/** The link alone: its format has no blank in it, so what a mail put there is none of it. */
function unpasted(text: string): string {
  const begun = text.trimStart().replace(BEFORE, '');
  const isEnclosed = begun.length < text.trimStart().length;
  const bare = begun.replace(SENTENCE_MARKS, '').replace(isEnclosed ? BEHIND : /\s+$/, '');
  const joined = bare.replace(SENTENCE_MARKS, '').replace(WRAPPED, '');
  // A name may have come with its blanks as they are.
  const nameAt = joined.indexOf('/', joined.indexOf('@')) + 1;
  return joined.slice(0, nameAt).replace(BLANK, '') + joined.slice(nameAt);
}

export function formatLink({ swarm, info, size, listBytes, trackers, name }: Link): string {
  const digest = Buffer.from(infoDigestBytes(info)).toString('base64url');
  const [first, second] = trackers.map((tracker) => encoded(formatAddress(tracker), /[[\]]/g));
  return `${SCHEME}${swarm}-${digest}-${size}-${listBytes}@${first},${second}/${encoded(name, ENCODED)}`;
}

/** @param facts of this metainfo; computed when absent, which takes time in proportion to its pieces and entries. */
export function linkTo(metainfo: Metainfo, facts = infoFactsOf(metainfo)): string {
  const { swarm, geometry, trackers, name } = metainfo;
  return formatLink({ swarm, info: facts.info, size: geometry.size, listBytes: facts.listBytes, trackers, name });
}

/** Throws MiniTorrentError, INVALID_LINK, or UNSAFE_NAME for the name: the sentence says which part is wrong. */
export function parseLink(text: string): Link {
  const link = unpasted(text);
  if (!isLink(link)) throw invalid(`"${shown(link)}" is not a link: it does not begin with ${SCHEME}`);
  if (link.length > LINK_BYTES_MAX) throw invalid(`the link has more than ${LINK_BYTES_MAX} characters`);
  const at = link.indexOf('@');
  if (at < 0) throw invalid('the link ends before the @ that its trackers follow');
  const slash = link.indexOf('/', at);
  if (slash < 0) throw invalid('the link ends before the / that the name follows');
  return {
    ...numbersIn(link.slice(SCHEME.length, at)),
    trackers: trackersIn(link.slice(at + 1, slash)),
    name: nameIn(link.slice(slash + 1)),
  };
}

/** S-m-size-x; m may have a `-`, and so the parts are cut from both ends. */
function numbersIn(text: string): Pick<Link, 'swarm' | 'info' | 'size' | 'listBytes'> {
  const swarm = parseSwarmKey(text.slice(0, 40));
  if (swarm === undefined || text[40] !== '-')
    throw invalid(`the link should begin with 40 hex digits and a -, but begins with "${shown(text.slice(0, 41))}"`);
  const digest = text.slice(41, 84);
  const info = Buffer.from(digest, 'base64url');
  const isWhole = BASE64URL.test(digest) && info.length === INFO_DIGEST_SIZE && text[84] === '-';
  if (!isWhole || info.toString('base64url') !== digest)
    throw invalid(`the second part of the link should be a SHA-256 in 43 characters, but is "${shown(digest)}"`);
  const [size = '', further = '', ...rest] = text.slice(85).split('-');
  const [sizeBytes, listBytes] = [numberIn(size, FILE_SIZE_MAX), numberIn(further, LIST_BYTES_MAX)];
  if (sizeBytes === undefined)
    throw invalid(`the third part of the link should be a size of at most ${FILE_SIZE_MAX}, but is "${shown(size)}"`);
  if (listBytes === undefined || rest.length > 0) {
    const found = [further, ...rest].join('-');
    throw invalid(
      `the part of the link before the @ should be a number of at most ${LIST_BYTES_MAX}, but is "${shown(found)}"`,
    );
  }
  return { swarm, info: infoDigestOf(info), size: sizeBytes, listBytes };
}

function numberIn(text: string, max: number): number | undefined {
  const value = SIZE.test(text) ? Number(text) : Number.NaN;
  return value <= max ? value : undefined;
}

function trackersIn(text: string): readonly [Address, Address] {
  const parts = text.split(',');
  if (parts.length !== 2)
    throw invalid(`the link should name two trackers with a comma between them, but has "${shown(text)}"`);
  const [first, second] = parts.map((part) => {
    const address = parseNamedAddress(decoded(part) ?? '');
    if (address !== undefined) return address;
    throw invalid(`the link names the tracker "${shown(part)}", which is not an address such as 192.0.2.1:7000`);
  });
  if (first === undefined || second === undefined || sameAddress(first, second))
    throw invalid(`the link names the tracker ${shown(text.split(',')[0] ?? '')} twice instead of two trackers`);
  return [first, second];
}

function nameIn(text: string): string {
  const name = decoded(text);
  if (name === undefined || name === '')
    throw invalid(
      `the link should end with a name in which other characters are written as %XX, but has "${shown(text)}"`,
    );
  const unsafe = checkFileName(name);
  if (unsafe === undefined) return name;
  const sentence = `the link names "${shown(name)}", which is not safe to save under: ${unsafe}; ask its sender to share it under another name`;
  throw new MiniTorrentError('UNSAFE_NAME', sentence);
}

function encoded(text: string, what: RegExp): string {
  return text.replace(what, (characters) =>
    [...Buffer.from(characters)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Its one complaint: a % that no two hex digits follow, or bytes that are not UTF-8.
    return undefined;
  }
}

function shown(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return printable(cut);
}

function invalid(what: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_LINK', `${what}; ${REMEDY}`);
}

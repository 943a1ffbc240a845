// Which .mtorrent files are taken, by their signatures: a broken one never, an unsigned one unless a signature is
// required. Pure.

import { MiniTorrentError } from '../base/errors.js';
import { command } from '../base/shell-line.js';
import type { Metainfo } from '../torrent/metainfo.js';
import { printable } from '../torrent/names.js';
import { shortName } from './keys.js';
import { judgeSeal, type SealVerdict } from './seal.js';
import type { Standing } from './standing.js';

export interface TrustRule {
  /** Of the own swarm; undefined: this process is of none. */
  readonly standing: Standing | undefined;
  /** Only what a publisher of the own swarm has signed is taken. */
  readonly isRequired: boolean;
}

/** As 2026-05-03. */
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'UTC', dateStyle: 'short' });

/** Who signed it and when, for people; undefined: nobody. */
export function signedSentence(source: string, verdict: SealVerdict): string | undefined {
  const who = signerShown(verdict);
  return who === undefined ? undefined : `${printable(source)} is signed by ${who}`;
}

/** As `ada@node1 (k7q2m4xa) on 2026-05-03`; undefined: nobody did, or its signature is none. */
export function signerShown(verdict: SealVerdict): string | undefined {
  if (verdict.kind !== 'good' && verdict.kind !== 'foreign') return undefined;
  const { publisher, signedAtS } = verdict;
  const who = `${publisher.name} (${shortName(publisher.id)}) on ${DAY.format(signedAtS * 1000)}`;
  return verdict.kind === 'good' ? who : `${who}, of a swarm that this process does not belong to: not checked`;
}

/** Without a swarm and a wish, everything is taken but what is plainly damaged. */
export const TAKE_ALL: TrustRule = { standing: undefined, isRequired: false };

/**
 * What is known of its signature, when the file is taken. Throws UNTRUSTED, with what is wrong and what to do.
 * @param source the name of the .mtorrent, for the sentence.
 */
export function trusted(metainfo: Metainfo, source: string, { standing, isRequired }: TrustRule): SealVerdict {
  const verdict = judgeSeal(metainfo, standing);
  const refuse = (why: string): never => {
    throw new MiniTorrentError('UNTRUSTED', `${printable(source)} ${why}`);
  };
  if (verdict.kind === 'refused') return refuse(verdict.why);
  if (!isRequired || verdict.kind === 'good') return verdict;
  if (verdict.kind === 'unsigned')
    return refuse(
      `is not signed; ask its sender for one made by a publisher (${command('create', '--sign')}), or allow it once with --require-signature no`,
    );
  if (standing === undefined)
    return refuse(
      `cannot be checked: require-signature is set, and this process belongs to no swarm; join one with ${command('join')}, or allow it once with --require-signature no`,
    );
  return refuse(
    `is signed by ${verdict.publisher.name} of another swarm; ask its sender for one made by a publisher of this swarm, or allow it once with --require-signature no`,
  );
}

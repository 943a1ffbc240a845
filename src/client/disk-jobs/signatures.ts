// Signatures of .mtorrent files at a client: whether one that somebody hands it is taken, what is told of it, and how
// its own are signed.

import { basename } from 'node:path';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { command } from '../../foundation/base/shell-line.js';
import { checkMaySign, type Signer, sealMetainfo, signerOf } from '../../foundation/identity/seal.js';
import { signedSentence, trusted } from '../../foundation/identity/trust.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import type { ClientEvent } from '../messages.js';
import type { ClientOptions } from '../options.js';

/** Tells who signed it. Throws UNTRUSTED when it is not to be downloaded. */
export function checkSignature(
  metainfo: Metainfo,
  mtorrentPath: string,
  { credentials, requireSignature: isRequired = false }: Pick<ClientOptions, 'credentials' | 'requireSignature'>,
  answer: (event: ClientEvent) => void,
): void {
  const source = basename(mtorrentPath);
  const verdict = trusted(metainfo, source, { standing: credentials?.standing, isRequired });
  const sentence = signedSentence(source, verdict);
  if (sentence !== undefined) answer({ kind: 'notice', level: 'good', sentence });
}

/**
 * What a share is signed with; undefined: nobody wants it signed. Throws NOT_ADMITTED where that is wanted and the own
 * card does not allow it, before anything is hashed.
 */
export function signerFor(
  isWanted: boolean | undefined,
  { credentials, signs }: Pick<ClientOptions, 'credentials' | 'signs'>,
): Signer | undefined {
  if (isWanted !== true && signs !== true) return undefined;
  if (credentials === undefined) {
    const sentence = `this client belongs to no closed swarm, so it can sign nothing; share it unsigned, or join a swarm with: ${command('join')}`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  const signer = signerOf(credentials);
  checkMaySign(signer);
  return signer;
}

/** Throws as `sealMetainfo` does. */
export function signedBy(signer: Signer | undefined, metainfo: Metainfo): Metainfo {
  return signer === undefined ? metainfo : sealMetainfo(metainfo, signer, Math.floor(Date.now() / 1_000));
}

// Whether a .mtorrent that somebody hands this client is taken, by its signature, and what is told of it.

import { basename } from 'node:path';
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

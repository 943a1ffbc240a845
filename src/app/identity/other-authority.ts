// Certificates and keys of another authority, by which machines join a closed swarm: read from files of that
// authority's own tools, and refused with a sentence where they are none.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import { readNamedFile } from './identity-directory.js';
import { CERTIFICATES_BYTES_MAX } from './limits.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** PEM, each of its own. Rejects with INVALID_ARGUMENTS. */
export async function readCertificates(path: string): Promise<readonly string[]> {
  const all = (await readNamedFile(path, CERTIFICATES_BYTES_MAX)).match(CERTIFICATE) ?? [];
  const isRight = all.length > 0 && all.every((pem) => isReadable(() => new X509Certificate(pem)));
  if (isRight) return all;
  const sentence = `${printable(path)} holds no certificate that can be read; name a file in PEM, as the authority gives it`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

/** Of this machine, with those between its certificate and the authority's; and its key. */
export async function readVouching(certificates: string, keyFile: string): Promise<{ chain: string; key: string }> {
  const all = await readCertificates(certificates);
  const key = await readNamedFile(keyFile);
  const first = new X509Certificate(all[0] ?? '');
  if (isReadable(() => createPrivateKey(key)) && first.checkPrivateKey(createPrivateKey(key)))
    return { chain: all.join('\n'), key };
  const sentence = `${printable(keyFile)} is not the key of the first certificate in ${printable(certificates)}, or has a password; name the file of its key in PEM`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

// The root key for one command: from its file beside the identity, from a file that is named, or as the line that a
// person kept. It goes nowhere else.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { keyIdOf, type PublicKey, type SecretKey, shortName } from '../../../foundation/identity/keys.js';
import { parseRoot, ROOT_PREFIX } from '../../../foundation/identity/root-lines.js';
import { printable } from '../../../foundation/torrent/names.js';
import { readNamedFile, readRootKey } from '../../identity/identity-directory.js';
import { readKeyFile } from '../../identity/key-file.js';
import { askUnseen } from '../unseen.js';

/** Asked for where it does not lie there. Rejects with INVALID_ARGUMENTS. @param root whose it has to be. */
export async function rootKeyBeside(directory: string, root: PublicKey): Promise<SecretKey> {
  const key = await readRootKey(directory);
  if (key !== undefined) return checked(key, root);
  const otherwise = `there is no root key in ${printable(directory)}; name a file that has it with --root-key`;
  return checked(parseRoot(await askUnseen('the line of the root key (it is not shown): ', otherwise)), root);
}

/** As PEM, or as its line. */
export async function rootKeyIn(path: string, root: PublicKey): Promise<SecretKey> {
  const text = await readNamedFile(path);
  if (text.trim().toLowerCase().startsWith(ROOT_PREFIX)) return checked(parseRoot(text), root);
  const key = await readKeyFile(path);
  if (key !== undefined) return checked(key, root);
  throw new MiniTorrentError('FILE_NOT_FOUND', `${printable(path)} does not exist; name a file with the root key`);
}

function checked(key: SecretKey, root: PublicKey): SecretKey {
  if (Buffer.compare(key.publicKey, root) === 0) return key;
  const sentence = `this is the root ${shortName(keyIdOf(key.publicKey))}, and that of this swarm is ${shortName(keyIdOf(root))}`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

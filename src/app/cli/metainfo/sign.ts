// `mtorrent sign`: signs a .mtorrent that is there, as a publisher of this machine's closed swarm. Hashes nothing, and
// contacts nobody.

import type { Argv } from 'yargs';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { readMtorrentWord } from '../../../foundation/base/path-word.js';
import { command } from '../../../foundation/base/shell-line.js';
import { pathIn } from '../../../foundation/base/surroundings.js';
import { type Signer, sealMetainfo, signerOf } from '../../../foundation/identity/seal.js';
import { linkTo } from '../../../foundation/torrent/link.js';
import { ANY_NAMES, type Metainfo } from '../../../foundation/torrent/metainfo.js';
import { IDENTITY_SETTINGS, settingFlags } from '../../settings/table.js';
import { type ParsedArguments, type RunCommand, settingsOf, terminal } from '../context.js';

export function signCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'sign <mtorrent>',
    'sign a .mtorrent as a publisher of your closed swarm',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true, describe: 'its path' })
        .options(settingFlags(...IDENTITY_SETTINGS)),
    (args) =>
      run(async () => {
        const { readMetainfo, writeMetainfo } = await import('../../../transfer/storage/metainfo-file.js');
        const path = pathIn(readMtorrentWord(args.mtorrent));
        const metainfo = await signed(await readMetainfo(path, ANY_NAMES), await ownSigner(args));
        await writeMetainfo(path, metainfo, { overwrite: true });
        const output = terminal();
        output.stdout(path);
        output.stderr(linkTo(metainfo));
        return 0;
      }),
  );
}

/** What this machine signs with. Rejects with NOT_ADMITTED where it belongs to no swarm. */
export async function ownSigner(args: ParsedArguments): Promise<Signer> {
  const { membershipOf } = await import('../membership.js');
  const { credentials } = await membershipOf(await settingsOf(args), 'client');
  if (credentials !== undefined) return signerOf(credentials);
  const sentence = `this machine belongs to no closed swarm, so nothing can be signed here; join one with: ${command('join')}`;
  throw new MiniTorrentError('NOT_ADMITTED', sentence);
}

/** Rejects as `sealMetainfo` throws. */
export async function signed(metainfo: Metainfo, signer: Signer): Promise<Metainfo> {
  return sealMetainfo(metainfo, signer, Math.floor(Date.now() / 1000));
}

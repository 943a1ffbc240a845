// The verbs that move content: what a console shares and gets. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Sharing, SwarmClient } from '../library/swarm-client.js';
import { destination, localFile, mtorrent, newMtorrent, olderVersion, pattern } from './arguments.js';
import { done, type Result } from './results.js';
import { form, type Verb } from './verb.js';

export const SHARE: Verb = {
  name: 'share',
  aliases: ['seed'],
  examples: ['share ~/disk.img disk.mtorrent', 'share "two words.bin" /tmp/two.mtorrent'],
  forms: [
    form({
      takes: { path: localFile, mtorrentPath: newMtorrent },
      purpose: 'create the .mtorrent and share the file',
      ask: (client, { path, mtorrentPath }) => share(client, path, mtorrentPath, {}),
      show: shared,
    }),
    form({
      // Shorter than above, for the columns of `help`.
      takes: { path: localFile, mtorrentPath: { ...newMtorrent, shown: '<output>' } },
      flag: { name: 'unlisted', purpose: 'likewise, and no tracker lists it' },
      purpose: 'likewise, and no tracker lists it',
      ask: (client, { path, mtorrentPath }) => share(client, path, mtorrentPath, { isListed: false }),
      show: shared,
    }),
    form({
      takes: { path: localFile, mtorrentPath: { ...newMtorrent, shown: '<output>' } },
      flag: { name: 'sign', purpose: 'likewise, signed by you as a publisher' },
      purpose: 'likewise, signed by you as a publisher',
      ask: (client, { path, mtorrentPath }) => share(client, path, mtorrentPath, { isSigned: true }),
      show: shared,
    }),
  ],
};

export const GET: Verb = {
  name: 'get',
  aliases: ['add'],
  examples: [
    'get disk.mtorrent .',
    'get /tmp/disk.mtorrent ~/images/new.img',
    'get model.mtorrent . --only *.json --except docs/',
  ],
  forms: [
    form({
      takes: { mtorrentPath: mtorrent, destination },
      purpose: 'download into a directory or to a file name',
      ask: (client, values) => client.get(values.mtorrentPath, values.destination),
      show: ({ path }) => done(path, `downloading to ${printable(path)}`),
    }),
    form({
      takes: {
        mtorrentPath: mtorrent,
        destination: { ...destination, shown: '<to>' },
        only: pattern('only', 'which files of a folder are wanted'),
        except: pattern('except', 'which of them are not'),
        reuse: olderVersion,
      },
      purpose: 'likewise, some files; over an old version',
      ask: (client, { mtorrentPath, destination, ...wish }) => client.get(mtorrentPath, destination, wish),
      show: ({ path }) => done(path, `downloading to ${printable(path)}`),
    }),
  ],
};

interface Shared {
  readonly name: string;
  /** '' where its .mtorrent cannot be read. */
  readonly link: string;
}

async function share(client: SwarmClient, path: string, mtorrentPath: string, options: Sharing): Promise<Shared> {
  const name = await client.share(path, mtorrentPath, options);
  try {
    return { name, link: await client.link(mtorrentPath) };
  } catch (error) {
    if (error instanceof MiniTorrentError) return { name, link: '' };
    throw error;
  }
}

function shared({ name, link }: Shared): Result {
  const sentence = `sharing; give ${printable(name)} to anyone who should download it`;
  return done(name, link === '' ? sentence : `${sentence}, or this link:\n${link}`);
}

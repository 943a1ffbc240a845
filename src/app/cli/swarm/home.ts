// `mtorrent swarm init --home`: closes the swarm that `mtorrent` alone made in an earlier release, or that began open
// because `share` or `daemon` made it.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command } from '../../../foundation/base/shell-line.js';
import { printable } from '../../../foundation/torrent/names.js';
import { homeIdentityDirectory, makeHomeIdentity } from '../../home/home-identity.js';
import { lastPorts } from '../../home/pair.js';
import { readSwarmFile } from '../../identity/identity-directory.js';
import type { Settings } from '../../settings/resolve.js';
import { clientConfigOf } from '../client-config.js';
import { terminal } from '../context.js';
import { nowS } from './words.js';

export async function closeHome(settings: Settings): Promise<number> {
  const { homeDirectory } = clientConfigOf(settings);
  if ((await readSwarmFile(homeIdentityDirectory(homeDirectory))) !== undefined) {
    const sentence = `the swarm of this user's consoles is closed already; its keys lie in ${printable(homeIdentityDirectory(homeDirectory))}`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  const trackers = await lastPorts(homeDirectory);
  if (trackers === undefined) {
    const sentence = `there is no swarm of this user's consoles yet; ${command()} makes one, which is closed from its first run`;
    throw new MiniTorrentError('FILE_NOT_FOUND', sentence);
  }
  const directory = await makeHomeIdentity(homeDirectory, trackers, nowS());
  const output = terminal();
  output.stdout(`the swarm of this user's consoles is closed; its keys lie in ${printable(directory)}`);
  output.stderr(
    `end every console and daemon of it, and start ${command()} again: then only those whom it invites take part`,
  );
  return 0;
}

// What a .mtorrent says that a user named by its path or by a link. Nothing is kept, and nobody is contacted unless it
// is a link, whose trackers and peers are asked.

import { readMtorrentWord } from '../../foundation/base/path-word.js';
import { pathIn } from '../../foundation/base/surroundings.js';
import { isLink, parseLink } from '../../foundation/torrent/link.js';
import { ANY_NAMES, type Metainfo } from '../../foundation/torrent/metainfo.js';
import { clientConfigOf } from './client-config.js';
import { type ParsedArguments, settingsOf } from './context.js';
import { membershipAt, membershipOf } from './membership.js';

/** Rejects as `readMetainfo` does, or `metainfoOf`. @param args for the setting allow-host-names, which links obey. */
export async function metainfoFrom(word: string, args: ParsedArguments): Promise<Metainfo> {
  if (!isLink(word)) {
    const { readMetainfo } = await import('../../transfer/storage/metainfo-file.js');
    return readMetainfo(pathIn(readMtorrentWord(word)), ANY_NAMES);
  }
  const { metainfoOf } = await import('../library/links.js');
  const settings = await settingsOf(args);
  const { trackers } = parseLink(word);
  const { credentials } = await membershipAt(trackers, await membershipOf(settings, 'client'), settings);
  const { mayName, pair } = clientConfigOf(settings);
  return metainfoOf(word, { mayName, knownTrackers: pair.trackers, credentials });
}

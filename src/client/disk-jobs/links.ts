// The links that a client is given in place of .mtorrent files: each becomes a file in its state directory. What
// fetches it is loaded only when a link comes.

import { join } from 'node:path';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { isLink, parseLink } from '../../foundation/torrent/link.js';
import type { NameRule } from '../../foundation/torrent/metainfo.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { placeOf } from '../../transfer/storage/disk/real-path.js';
import type { LinkOptions } from '../links/metainfo-of-link.js';
import type { StatePaths } from '../state/library.js';

export class Links {
  readonly #paths: Pick<StatePaths, 'directory' | 'copyOf'>;
  readonly #mayName: NameRule;
  readonly #credentials: Credentials | undefined;
  readonly #knownTrackers: TrackerList;
  readonly #closing = new AbortController();

  /** @param credentials of this machine in a closed swarm; undefined: links are looked up in the clear. */
  constructor(
    paths: Pick<StatePaths, 'directory' | 'copyOf'>,
    mayName: NameRule,
    credentials: Credentials | undefined,
    knownTrackers: TrackerList,
  ) {
    this.#paths = paths;
    this.#mayName = mayName;
    this.#credentials = credentials;
    this.#knownTrackers = knownTrackers;
  }

  /** The place of the .mtorrent; a word that is no link is its path. Rejects as `parseLink` and `linkedFile` do. */
  async pathOf(word: string): Promise<string> {
    if (!isLink(word)) return placeOf(word);
    const link = parseLink(word);
    const { linkedFile } = await import('../links/linked-file.js');
    const { directory, copyOf } = this.#paths;
    const options = {
      mayName: this.#mayName,
      knownTrackers: this.#knownTrackers,
      signal: this.#closing.signal,
      known: copyOf(link.swarm),
    };
    return linkedFile(link, join(directory, 'links'), { ...options, passages: await this.#passages() });
  }

  async #passages(): Promise<LinkOptions['passages']> {
    if (this.#credentials === undefined) return undefined;
    const { memberPassages } = await import('../links/member-passages.js');
    return memberPassages(this.#credentials);
  }

  /** Those that are being looked up are given up. */
  close(): void {
    this.#closing.abort();
  }
}

// The links that a client is given in place of .mtorrent files: each becomes a file in its state directory. What
// fetches it is loaded only when a link comes.

import { join } from 'node:path';
import { isLink, parseLink } from '../../foundation/torrent/link.js';
import type { NameRule } from '../../foundation/torrent/metainfo.js';
import type { StatePaths } from '../state/library.js';

export class Links {
  readonly #paths: Pick<StatePaths, 'directory' | 'copyOf'>;
  readonly #mayName: NameRule;
  readonly #closing = new AbortController();

  constructor(paths: Pick<StatePaths, 'directory' | 'copyOf'>, mayName: NameRule) {
    this.#paths = paths;
    this.#mayName = mayName;
  }

  /** The path of the .mtorrent; a word that is no link is one. Rejects as `parseLink` and `linkedFile` do. */
  async pathOf(word: string): Promise<string> {
    if (!isLink(word)) return word;
    const link = parseLink(word);
    const { linkedFile } = await import('../links/linked-file.js');
    const { directory, copyOf } = this.#paths;
    const options = { mayName: this.#mayName, signal: this.#closing.signal, known: copyOf(link.swarm) };
    return linkedFile(link, join(directory, 'links'), options);
  }

  /** Those that are being looked up are given up. */
  close(): void {
    this.#closing.abort();
  }
}

// The only door to smol-toml: the text of a config.toml as keys with their values and lines. Knows no setting. Pure.

import { parse, TomlError } from 'smol-toml';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import { CONFIG_DEPTH_MAX } from './limits.js';
import type { ConfigEntry } from './resolve.js';

/** @param path for the sentence. Throws MiniTorrentError, INVALID_ARGUMENTS, with file and line when it is not TOML. */
export function parseConfig(text: string, path: string): readonly ConfigEntry[] {
  try {
    const table = parse(text, { maxDepth: CONFIG_DEPTH_MAX, unsafeKeyBehaviour: 'throw' });
    return Object.entries(table).map(([key, value]) => ({ key, value, line: lineOf(key, text) }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Its further lines draw the position, which the line number gives.
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new MiniTorrentError(
      'INVALID_ARGUMENTS',
      `${printable(path)} line ${error.line} is not valid TOML: ${printable(what)}; write lines such as upload-limit = "10M"`,
      error,
    );
  }
}

/** The line that begins with the key, or with the table of that name; the parser does not say. */
function lineOf(key: string, text: string): number | undefined {
  const name = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const match = new RegExp(`^[ \\t]*\\[*[ \\t]*["']?${name}["']?[ \\t]*[=.\\]]`, 'm').exec(text);
  return match === null ? undefined : text.slice(0, match.index).split('\n').length;
}

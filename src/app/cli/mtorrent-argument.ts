// What a person writes where a .mtorrent is expected: a path, a link, or `-` for standard input, which is kept in the
// state directory so that the same command goes on later. Nothing is fetched by HTTP: other programs do that better.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { readMtorrentWord } from '../../foundation/base/path-word.js';
import { absolutePathOf, pathIn } from '../../foundation/base/surroundings.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { isLink, parseLink } from '../../foundation/torrent/link.js';
import { type Metainfo, MetainfoParser, type NameRule } from '../../foundation/torrent/metainfo.js';
import { METAINFO_BYTES_MAX } from '../../transfer/storage/limits.js';
import { writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { mtorrentOfLink } from '../library/links.js';
import { membershipAt } from './membership.js';
import type { OneShot } from './one-shot/one-shot.js';
import { STANDARD_STREAM } from './standard-stream.js';

const STDIN = 0;
const SOURCE = 'standard input';
const KNOWN = 'its .mtorrent was known';

/**
 * Absolute path of the .mtorrent. Rejects with INVALID_ARGUMENTS, as reading a .mtorrent or looking up a link does, and
 * as `Cancellation.orEnd`. @param destination as the user wrote it; for suggestions.
 */
export async function mtorrentPathOf(word: string, destination: string | undefined, run: OneShot): Promise<string> {
  if (isLink(word)) return linkedMtorrent(word, run);
  if (word !== STANDARD_STREAM) return absolutePathOf(pathIn(readMtorrentWord(word, destination)));
  return run.cancellation.orEnd(keepStandardInput(run.clientConfig.stateRoot, run.config.mayName), KNOWN);
}

async function linkedMtorrent(text: string, run: OneShot): Promise<string> {
  const { trackers, name } = parseLink(text);
  run.reporter.notice('good', `looking up ${name} at the trackers ${trackers.map(formatAddress).join(' and ')}`);
  const { mayName } = run.config;
  const { stateRoot, knownTrackers } = run.clientConfig;
  const { credentials } = await membershipAt(trackers, run.membership, run.settings);
  const { cancellation } = run;
  let isAnswered = false;
  const onAnswer = (): void => {
    isAnswered = true;
  };
  const options = { stateRoot, mayName, signal: cancellation.signal, onAnswer, credentials, knownTrackers };
  const silent = () => (isAnswered ? undefined : trackers.map(formatAddress).join(' and '));
  return cancellation.orEnd(mtorrentOfLink(text, options), KNOWN, silent);
}

async function keepStandardInput(stateRoot: string, mayName?: NameRule): Promise<string> {
  if (isatty(STDIN)) {
    const sentence = 'a .mtorrent is expected on standard input, which is a terminal; send one, such as with: < FILE';
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const metainfo = await readStandardInput(mayName);
  const directory = join(stateRoot, 'stdin');
  const path = join(directory, `${metainfo.swarm}.mtorrent`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(error, directory);
  }
  await writeMetainfo(path, metainfo, { overwrite: true });
  return path;
}

async function readStandardInput(mayName?: NameRule): Promise<Metainfo> {
  const parser = new MetainfoParser(SOURCE, mayName);
  let total = 0;
  try {
    for await (const part of process.stdin) {
      const bytes = part as Uint8Array;
      total += bytes.length;
      if (total > METAINFO_BYTES_MAX) {
        const sentence = `${SOURCE} has more bytes than any .mtorrent file; check what is sent to this command`;
        throw new MiniTorrentError('INVALID_MTORRENT', sentence);
      }
      parser.push(bytes);
    }
  } catch (error) {
    throw fileError(error, SOURCE);
  }
  if (total > 0) return parser.end();
  const sentence = `${SOURCE} is empty where a .mtorrent is expected; check the command that should write it`;
  throw new MiniTorrentError('INVALID_MTORRENT', sentence);
}

// `mtorrent info`: shows what a `.mtorrent` file says, for people or as JSON. Reads no other file, and contacts nobody
// unless it is given a link, whose trackers and peers it asks.

import type { Argv } from 'yargs';
import { formatBytes, toHex } from '../../foundation/base/bytes.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { formatAddress } from '../../foundation/torrent/address.js';
import { isLink, linkTo } from '../../foundation/torrent/link.js';
import type { Metainfo } from '../../foundation/torrent/metainfo.js';
import { printable } from '../../foundation/torrent/names.js';
import { zerosOf } from '../../foundation/torrent/zeros.js';
import { settingFlags } from '../settings/table.js';
import { clientConfigOf } from './client-config.js';
import { type RunCommand, settingsOf, terminal } from './context.js';

export interface InfoArguments {
  readonly mtorrent: string;
  readonly json?: boolean | undefined;
  /** Prints its link and nothing else. */
  readonly link?: boolean | undefined;
}

export function infoCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'info <mtorrent>',
    'show what a .mtorrent says',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true, describe: 'its path, or a link' })
        .option('json', { type: 'boolean', default: false, describe: 'as one JSON object' })
        .option('link', { type: 'boolean', default: false, describe: 'print its link and nothing else' })
        .options(settingFlags('allow-host-names')),
    (args) => run(() => runInfo(args, terminal())),
  );
}

/** Rejects as `readMetainfo` does, for a link as `metainfoOf` does. */
export async function runInfo(args: InfoArguments, output: CommandOutput): Promise<number> {
  const { json = false, link = false } = args;
  const metainfo = isLink(args.mtorrent) ? await linked(args) : await read(args.mtorrent);
  if (link) output.stdout(linkTo(metainfo));
  else if (json) output.stdout(JSON.stringify(asJson(metainfo)));
  else for (const line of asText(metainfo)) output.stdout(line);
  return 0;
}

async function read(path: string): Promise<Metainfo> {
  const { readMetainfo } = await import('../../transfer/storage/metainfo-file.js');
  const { ANY_NAMES } = await import('../../foundation/torrent/metainfo.js');
  return readMetainfo(path, ANY_NAMES);
}

async function linked(args: InfoArguments): Promise<Metainfo> {
  const { metainfoOf } = await import('../library/links.js');
  const { mayName } = clientConfigOf(await settingsOf({ ...args }));
  return metainfoOf(args.mtorrent, { mayName });
}

function asJson(metainfo: Metainfo): object {
  const { trackers, name, geometry, swarm, sha256, extra } = metainfo;
  return {
    schema: 1,
    name,
    size: geometry.size,
    pieceCount: geometry.pieceCount,
    zeros: zerosOf(metainfo).bytes,
    trackers: trackers.map(formatAddress),
    swarm,
    sha256: sha256 === undefined ? null : toHex(sha256),
    extra: Object.fromEntries(extra),
    link: linkTo(metainfo),
  };
}

function asText(metainfo: Metainfo): readonly string[] {
  const { trackers, name, geometry, swarm, sha256, extra } = metainfo;
  const zeros = zerosOf(metainfo).bytes;
  const rows: [string, string][] = [
    ['name', name],
    ['size', `${geometry.size} bytes (${formatBytes(geometry.size)})`],
    ['pieces', String(geometry.pieceCount)],
    ...(zeros === 0
      ? []
      : [['zeros', `${zeros} bytes (${formatBytes(zeros)}), neither fetched nor written`] as [string, string]]),
    ['tracker 1', formatAddress(trackers[0])],
    ['tracker 2', formatAddress(trackers[1])],
    ['swarm', swarm],
    ...(sha256 === undefined ? [] : [['sha256', toHex(sha256)] as [string, string]]),
    ...extra.map(([key, value]): [string, string] => [key, value]),
    ['link', linkTo(metainfo)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.map(([label, value]) => `${label.padEnd(width)}${printable(value)}`);
}

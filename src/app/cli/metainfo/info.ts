// `mtorrent info`: shows what a `.mtorrent` file says, for people or as JSON. Reads no other file, and contacts nobody
// unless it is given a link, whose trackers and peers it asks.

import type { Argv } from 'yargs';
import { formatBytes, toHex } from '../../../foundation/base/bytes.js';
import type { CommandOutput } from '../../../foundation/base/output.js';
import { PUBLISHER_KEY, type SealVerdict, SIGNATURE_KEY } from '../../../foundation/identity/seal.js';
import { signerShown } from '../../../foundation/identity/trust.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { wantedZeroBytes } from '../../../foundation/torrent/folder/wanted-pieces.js';
import { linkTo } from '../../../foundation/torrent/link.js';
import type { Metainfo } from '../../../foundation/torrent/metainfo.js';
import { printable } from '../../../foundation/torrent/names.js';
import { zerosOf } from '../../../foundation/torrent/zeros.js';
import { IDENTITY_SETTINGS, settingFlags } from '../../settings/table.js';
import { type RunCommand, settingsOf, terminal } from '../context.js';
import { metainfoFrom } from '../metainfo-argument.js';
import { CHOICE_FLAGS } from './folder-flags.js';
import { describeChoice, describeTotals, entryLines, entryObjects, totalsOf } from './info-folder.js';

export interface InfoArguments {
  readonly mtorrent: string;
  readonly json?: boolean | undefined;
  /** Prints its link and nothing else. */
  readonly link?: boolean | undefined;
  /** Shows all entries of a folder, not only the largest. */
  readonly files?: boolean | undefined;
  /** Patterns: what of a folder is chosen, and shown. */
  readonly only?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
}

export function infoCommand(parser: Argv, run: RunCommand): void {
  parser.command(
    'info <mtorrent>',
    'show what a .mtorrent says',
    (args) =>
      args
        .positional('mtorrent', { type: 'string', demandOption: true, describe: 'its path, or a link' })
        .option('json', {
          type: 'boolean',
          default: false,
          describe: 'as one JSON object; with --files one more for each entry, a line each',
        })
        .option('files', { type: 'boolean', default: false, describe: "all of a folder's files, not only the largest" })
        .options(CHOICE_FLAGS)
        .option('link', { type: 'boolean', default: false, describe: 'print its link and nothing else' })
        .options(settingFlags('allow-host-names', ...IDENTITY_SETTINGS)),
    (args) => run(() => runInfo(args, terminal())),
  );
}

/** Rejects as `metainfoFrom` does, and as `choose` does. */
export async function runInfo(args: InfoArguments, output: CommandOutput): Promise<number> {
  const { json = false, link = false, files = false } = args;
  const metainfo = await metainfoFrom(args.mtorrent, { ...args });
  const isPartial = await applyChoice(metainfo, args);
  if (link) output.stdout(linkTo(metainfo));
  else {
    const seal = await sealOf(metainfo, args);
    if (json) for (const object of asJson(metainfo, files, seal)) output.stdout(JSON.stringify(object));
    else for (const line of asText(metainfo, files, isPartial, seal)) output.stdout(line);
  }
  return 0;
}

/** Whether some of a folder is left out. */
async function applyChoice({ name, layout: { folder } }: Metainfo, choice: InfoArguments): Promise<boolean> {
  const { choose, isPartial, refuseChoice } = await import('../../../foundation/torrent/folder/choice.js');
  if (!isPartial(choice)) return false;
  if (folder === undefined) refuseChoice(name, choice);
  else choose(folder, choice);
  return true;
}

/** Judged by what this machine knows of its own swarm; undefined: nobody signed it. */
async function sealOf(metainfo: Metainfo, args: InfoArguments): Promise<SealVerdict | undefined> {
  const { judgeSeal } = await import('../../../foundation/identity/seal.js');
  if (judgeSeal(metainfo, undefined).kind === 'unsigned') return undefined;
  const { membershipOf } = await import('../membership.js');
  const { credentials } = await membershipOf(await settingsOf({ ...args }), 'client');
  return judgeSeal(metainfo, credentials?.standing);
}

function sealObject(seal: SealVerdict): object {
  if (seal.kind === 'good' || seal.kind === 'foreign') {
    const { publisher, signedAtS } = seal;
    return { verdict: seal.kind, publisher: publisher.name, id: publisher.id, signedAt: signedAtS };
  }
  return { verdict: seal.kind, ...(seal.kind === 'refused' ? { why: seal.why } : {}) };
}

function* asJson(metainfo: Metainfo, files: boolean, seal: SealVerdict | undefined): Generator<object> {
  const { trackers, name, geometry, layout, swarm, sha256, extra } = metainfo;
  const { folder } = layout;
  yield {
    schema: 1,
    name,
    size: geometry.size,
    pieceCount: geometry.pieceCount,
    zeros: wantedZeroBytes(layout, zerosOf(metainfo)),
    trackers: trackers.map(formatAddress),
    swarm,
    sha256: sha256 === undefined ? null : toHex(sha256),
    extra: Object.fromEntries(extra),
    link: linkTo(metainfo),
    ...(seal === undefined ? {} : { signature: sealObject(seal) }),
    ...(folder === undefined ? {} : { folder: totalsOf(folder) }),
  };
  if (files && folder !== undefined) yield* entryObjects(folder);
}

function* asText(
  metainfo: Metainfo,
  files: boolean,
  isPartial: boolean,
  seal: SealVerdict | undefined,
): Generator<string> {
  const { trackers, name, geometry, layout, swarm, sha256, extra } = metainfo;
  const { folder } = layout;
  const zeros = wantedZeroBytes(layout, zerosOf(metainfo));
  const rows: (readonly [label: string, value: string])[] = [['name', name]];
  const size = folder === undefined ? geometry.size : folder.totals().bytes;
  if (isPartial && folder !== undefined) rows.push(['chosen', describeChoice(metainfo, folder)]);
  else if (folder !== undefined) rows.push(['folder', describeTotals(totalsOf(folder))]);
  rows.push(['size', `${size} bytes (${formatBytes(size)})`], ['pieces', String(geometry.pieceCount)]);
  if (zeros > 0) rows.push(['zeros', `${zeros} bytes (${formatBytes(zeros)}), neither fetched nor written`]);
  rows.push(['tracker 1', formatAddress(trackers[0])], ['tracker 2', formatAddress(trackers[1])], ['swarm', swarm]);
  if (sha256 !== undefined) rows.push(['sha256', toHex(sha256)]);
  rows.push(...extra.filter(([key]) => seal === undefined || (key !== PUBLISHER_KEY && key !== SIGNATURE_KEY)));
  if (seal !== undefined)
    rows.push(['signed', seal.kind === 'refused' ? `not good: it ${seal.why}` : (signerShown(seal) ?? '')]);
  rows.push(['link', linkTo(metainfo)]);
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  for (const [label, value] of rows) yield `${label.padEnd(width)}${printable(value)}`;
  if (folder === undefined) return;
  yield '';
  yield* entryLines(folder, files);
}

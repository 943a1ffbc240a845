// What a request does and what there is to show for it: asks the client and puts its answer into words. Writes nowhere; who
// shows it (a script's line, a person's screen, a one-shot command) is chosen elsewhere. Pure.

import { unreachable } from '../../foundation/base/assert.js';
import { printable } from '../../foundation/torrent/names.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { isWhole } from '../library/views.js';
import {
  downloadLine,
  downloadsJson,
  findingLines,
  limitsLine,
  peerLine,
  pieceLines,
  shareLine,
  trackerLine,
  verificationLine,
} from './render.js';
import { helpText, type Request } from './requests.js';

export type Shown =
  /** `detail` for programs, `sentence` for people. */
  | { readonly kind: 'done'; readonly detail: string; readonly sentence: string }
  /** Rows for everybody; `empty` is what people see instead of none. `detail`: for programs, mostly how many. */
  | { readonly kind: 'table'; readonly rows: readonly string[]; readonly detail: string; readonly empty: string }
  | { readonly kind: 'json'; readonly json: string };

/** What can be asked of any client: everything but the lines that are about the console itself. */
export type Askable = Exclude<Request, { readonly kind: 'nothing' | 'quit' }>;

/** Rejects with MiniTorrentError when the client refuses. @param ascii no characters beyond ASCII in drawings. */
export async function perform(request: Askable, client: SwarmClient, ascii: boolean): Promise<Shown> {
  switch (request.kind) {
    case 'share': {
      const name = await client.share(request.path, request.mtorrentPath);
      return done(name, `shared: give ${printable(name)} to whoever should get it`);
    }
    case 'get': {
      const { path } = await client.get(request.mtorrentPath, request.destination);
      return done(path, `downloading to ${printable(path)}`);
    }
    case 'remove':
      return done(await client.remove(request.name, request), 'removed; the file itself stays where it is');
    case 'pause':
      return done(await client.pause(request.name), 'paused; what is there stays shared');
    case 'resume':
      return done(await client.resume(request.name), 'going on');
    case 'wait':
      return done(await client.wait(), 'every download has ended');
    case 'logLevel':
      return done(await client.logLevel(request.level), `the log is written from ${request.level} on`);
    case 'limit':
      return limits(await client.limit(request.direction, request.rate));
    case 'limits':
      return limits(await client.limits());
    case 'verify': {
      const found = await client.verify(request.name);
      return done(`${found.good}/${found.pieces}`, verificationLine(found));
    }
    case 'help':
      return { kind: 'table', rows: helpText(request.verb).split('\n'), detail: 'HELP', empty: '' };
    default:
      return show(request, client, ascii);
  }
}

type Listing = Extract<Askable, { readonly kind: `show${string}` | 'doctor' }>;

async function show(request: Listing, client: SwarmClient, ascii: boolean): Promise<Shown> {
  switch (request.kind) {
    case 'showDownloads': {
      const files = await client.files();
      if (request.json) return { kind: 'json', json: downloadsJson(files) };
      return table(files.map(downloadLine), 'nothing is shared or downloaded yet');
    }
    case 'showShares':
      return table((await client.files()).filter(isWhole).map(shareLine), 'nothing is shared yet');
    case 'showPeers':
      return table((await client.peers(request.name)).map(peerLine), 'no peer is connected');
    case 'showPieces': {
      const map = await client.pieces(request.name);
      return { kind: 'table', rows: pieceLines(map, ascii), detail: String(map.have), empty: '' };
    }
    case 'showTrackers':
      return table((await client.trackers()).map(trackerLine), 'no tracker was needed yet');
    case 'showStats':
      return { kind: 'json', json: JSON.stringify(await client.stats()) };
    case 'doctor': {
      const findings = await client.doctor();
      const wrong = findings.filter(({ severity }) => severity === 'bad').length;
      return {
        kind: 'table',
        rows: findings.flatMap(findingLines),
        detail: String(wrong),
        empty: 'nothing to look at',
      };
    }
    default:
      return unreachable(request);
  }
}

function done(detail: string, sentence: string): Shown {
  return { kind: 'done', detail, sentence };
}

function limits(rates: { readonly up: number; readonly down: number }): Shown {
  return done(`up=${rates.up} down=${rates.down}`, limitsLine(rates));
}

function table(rows: readonly string[], empty: string): Shown {
  return { kind: 'table', rows, detail: String(rows.length), empty };
}

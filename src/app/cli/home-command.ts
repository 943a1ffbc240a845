// `mtorrent` without a command: a console at once. Of the client that runs in the background when there is one; else of a client of
// this process, with the trackers that are set, or with a pair of its own whose addresses a second machine can copy.

import { join } from 'node:path';
import { formatAddress } from '../../foundation/torrent/address.js';
import { printable } from '../../foundation/torrent/names.js';
import { type Home, openHome } from '../home/home.js';
import type { Settings } from '../settings/resolve.js';
import { backgroundClient } from './background-client.js';
import { cannotGoOn, homeDirectory, runningOptions } from './client-life.js';

/** Answers the exit code. Rejects with MiniTorrentError when nothing could be started. */
export async function runHome(settings: Settings): Promise<number> {
  const background = await backgroundClient(settings);
  if (background !== undefined) {
    const { talkTo } = await import('./running-daemon.js');
    return talkTo(background, settings);
  }
  const { values } = settings;
  const directory = homeDirectory(settings);
  let say = (sentence: string): void => void process.stderr.write(`${printable(sentence)}\n`);
  const opening = openHome({
    directory,
    upload: values.address,
    trackers: values.trackers,
    ...runningOptions(settings),
    onTrouble: (sentence) => say(sentence),
  });
  // The console is loaded while the client's threads start.
  const [home, { openForeground }] = await Promise.all([opening, import('./foreground.js')]);
  const { client } = home;
  // As what the client says: a screen is drawn by one hand only.
  say = (sentence) => client.onEvent({ kind: 'notice', level: 'bad', sentence });
  const foreground = openForeground({
    client,
    leave: () => client.quit(),
    onLogMoved: () => home.logMoved(),
    historyPath: join(directory, 'history'),
    color: values.color,
    greeting: `this client serves at ${client.facts.address}`,
    remarks: remarksOf(home),
  });
  foreground.start();
  const error = await home.ended;
  await home.closePair();
  // Last, since it may let go of the terminal: no other thread opens files any more.
  const code = foreground.finish();
  return error === undefined ? code : cannotGoOn(error);
}

function remarksOf({ trackers, hasPair, notes }: Home): readonly string[] {
  if (!hasPair) return notes;
  const [first, second] = trackers.map(formatAddress);
  const where = trackers[0].host.startsWith('127.') ? 'another terminal of this machine' : 'another machine';
  return [
    ...notes,
    `its trackers run in this process; from ${where} the same swarm is joined by:`,
    `  mtorrent -t ${first} -t ${second}`,
  ];
}

// `mtorrent` without a command: a console at once. Of the client that runs in the background when there is one; else of a client of
// this process, with the trackers that are set, or with a pair of its own whose addresses a second machine can copy.

import { join } from 'node:path';
import type { SwarmClient } from '../api/swarm-client.js';
import { attachToClient } from '../attach/connection.js';
import { SOCKET_PATH_BYTES_MAX } from '../base/limits.js';
import { type Home, openHome } from '../home/home.js';
import type { Settings } from '../settings/resolve.js';
import { formatAddress } from '../torrent/address.js';
import { printable } from '../torrent/names.js';
import { converse } from './converse.js';

/** Answers the exit code. Rejects with MiniTorrentError when nothing could be started. */
export async function runHome({ values }: Settings): Promise<number> {
  const { socket } = values;
  const background = Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX ? undefined : await attachToClient(socket);
  if (background !== undefined) return talkToBackground(background, values['state-dir']);
  const directory = join(values['state-dir'], 'home');
  let say = (sentence: string): void => void process.stderr.write(`${printable(sentence)}\n`);
  const home = await openHome({
    directory,
    upload: values.address,
    trackers: values.trackers,
    logLevel: values['log-level'],
    rates: { up: values['upload-limit'], down: values['download-limit'] },
    onTrouble: (sentence) => say(sentence),
  });
  const { swarm, client } = home;
  // As what the client says: a screen is drawn by one hand only.
  say = (sentence) => swarm.onEvent({ kind: 'notice', level: 'bad', sentence });
  try {
    return await converse({
      swarm,
      ended: client.ended,
      leave: () => swarm.quit(),
      onLogMoved: () => client.logMoved(),
      historyPath: join(directory, 'history'),
      greeting: `this client serves at ${swarm.facts.address}`,
      remarks: remarksOf(home),
    });
  } finally {
    await home.closePair();
  }
}

async function talkToBackground(swarm: SwarmClient, stateDir: string): Promise<number> {
  const { pid, address } = swarm.facts;
  let hasLeft = false;
  return converse({
    swarm,
    ended: swarm.ended.then((why) => (hasLeft ? undefined : why)),
    leave: async () => {
      hasLeft = true;
      await swarm.close();
      return 'BYE';
    },
    onLogMoved: () => undefined,
    historyPath: join(stateDir, 'history'),
    greeting: `this is the console of the client in the background (process ${pid}, serving at ${address}); it goes on after quit`,
    remarks: [],
  });
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

// The verb that shows what a client has: files, peers, pieces, trackers, figures. Pure.

import { isWhole } from '../library/views.js';
import { clientFile } from './arguments.js';
import { done, downloadLine, downloadsJson, peerLine, pieceLines, shareLine, table, trackerLine } from './results.js';
import { form, type Verb } from './verb.js';

export const SHOW: Verb = {
  name: 'show',
  aliases: ['ls'],
  examples: ['show downloads', 'show peers disk.img'],
  shell: {
    summary: 'show downloads, shares, trackers, stats; peers, pieces, link of a file',
    topicName: 'what',
    examples: ['show', 'show peers disk.img'],
  },
  forms: [
    form({
      topic: 'downloads',
      isDefault: true,
      purpose: 'all files: [D] downloading, [S] complete',
      isQuestion: true,
      ask: (client) => client.files(),
      show: (files) => table(files.map(downloadLine), 'no files are shared or downloaded yet'),
    }),
    form({
      topic: 'downloads',
      isDefault: true,
      flag: { name: 'json', purpose: 'downloads as one JSON object' },
      purpose: 'the same as one JSON object',
      isQuestion: true,
      ask: (client) => client.files(),
      show: (files) => ({ kind: 'json', json: downloadsJson(files) }),
    }),
    form({
      topic: 'shares',
      purpose: 'files that others can download from here',
      isQuestion: true,
      ask: async (client) => (await client.files()).filter(isWhole),
      show: (files) => table(files.map(shareLine), 'no files are shared yet'),
    }),
    form({
      topic: 'peers',
      takes: { name: clientFile('<name>') },
      purpose: 'peers of this file, and silent addresses',
      isQuestion: true,
      ask: (client, { name }) => client.peers(name),
      show: (peers) => table(peers.map(peerLine), 'no peers are connected'),
    }),
    form({
      topic: 'pieces',
      takes: { name: clientFile('<name>') },
      purpose: 'a map of the pieces downloaded so far',
      isQuestion: true,
      ask: (client, { name }) => client.pieces(name),
      show: (map, _, ascii) => table(pieceLines(map, ascii), '', map.have),
    }),
    form({
      topic: 'link',
      takes: { name: clientFile('<name>') },
      purpose: 'a link that stands for its .mtorrent',
      isQuestion: true,
      ask: (client, { name }) => client.link(name),
      show: (link) => done(link, link),
    }),
    form({
      topic: 'trackers',
      purpose: 'trackers, and whether they respond',
      isQuestion: true,
      ask: (client) => client.trackers(),
      show: (trackers) => table(trackers.map(trackerLine), 'no tracker has been needed yet'),
    }),
    form({
      topic: 'stats',
      purpose: 'memory, CPU time and delays of this client',
      isQuestion: true,
      ask: (client) => client.stats(),
      show: (stats) => ({ kind: 'json', json: JSON.stringify(stats) }),
    }),
  ],
};

// The table of verbs: everything that can be asked of a running client. A verb is added here, and only here: the console, the
// shell commands, completion and `help` read this table. Pure.

import { printable } from '../../foundation/torrent/names.js';
import { isRunning, isWhole } from '../library/views.js';
import {
  clientFile,
  destination,
  localFile,
  logLevel,
  mtorrent,
  newMtorrent,
  optional,
  rate,
  verbName,
} from './arguments.js';
import {
  done,
  downloadLine,
  downloadsJson,
  findingLines,
  limits,
  peerLine,
  pieceLines,
  shareLine,
  table,
  trackerLine,
  verificationLine,
} from './results.js';
import { consoleForm, type Form, form, type Verb } from './verb.js';

/** In the order in which `help` lists them. */
export const VERBS: readonly Verb[] = [
  {
    name: 'share',
    aliases: ['seed'],
    examples: ['share ~/disk.img disk.mtorrent', 'share "two words.bin" /tmp/two.mtorrent'],
    forms: [
      form({
        takes: { path: localFile, mtorrentPath: newMtorrent },
        purpose: 'make the .mtorrent, then serve the file',
        ask: (client, { path, mtorrentPath }) => client.share(path, mtorrentPath),
        show: (name) => done(name, `shared: give ${printable(name)} to whoever should get it`),
      }),
    ],
  },
  {
    name: 'get',
    aliases: ['add'],
    examples: ['get disk.mtorrent .', 'get /tmp/disk.mtorrent ~/images/new.img'],
    forms: [
      form({
        takes: { mtorrentPath: mtorrent, destination },
        purpose: 'download to a directory or a file name',
        ask: (client, values) => client.get(values.mtorrentPath, values.destination),
        show: ({ path }) => done(path, `downloading to ${printable(path)}`),
      }),
    ],
  },
  {
    name: 'show',
    aliases: ['ls', 'list'],
    examples: ['show downloads', 'show peers disk.img'],
    shell: {
      summary: 'downloads, shares, trackers or stats; peers or pieces of a file',
      topicName: 'what',
      examples: ['show', 'show peers disk.img'],
    },
    forms: [
      form({
        topic: 'downloads',
        isDefault: true,
        purpose: '[D] is being downloaded, [S] is complete',
        ask: (client) => client.files(),
        show: (files) => table(files.map(downloadLine), 'nothing is shared or downloaded yet'),
      }),
      form({
        topic: 'downloads',
        isDefault: true,
        flag: { name: 'json', purpose: 'downloads as one JSON object' },
        purpose: 'the same as one JSON object',
        ask: (client) => client.files(),
        show: (files) => ({ kind: 'json', json: downloadsJson(files) }),
      }),
      form({
        topic: 'shares',
        purpose: 'what others can fetch from here',
        ask: async (client) => (await client.files()).filter(isWhole),
        show: (files) => table(files.map(shareLine), 'nothing is shared yet'),
      }),
      form({
        topic: 'peers',
        takes: { name: clientFile('<name>') },
        purpose: 'who sends and who receives',
        ask: (client, { name }) => client.peers(name),
        show: (peers) => table(peers.map(peerLine), 'no peer is connected'),
      }),
      form({
        topic: 'pieces',
        takes: { name: clientFile('<name>') },
        purpose: 'a map of what is there',
        ask: (client, { name }) => client.pieces(name),
        show: (map, _, ascii) => table(pieceLines(map, ascii), '', map.have),
      }),
      form({
        topic: 'trackers',
        purpose: 'which of them answer',
        ask: (client) => client.trackers(),
        show: (trackers) => table(trackers.map(trackerLine), 'no tracker was needed yet'),
      }),
      form({
        topic: 'stats',
        purpose: 'memory, CPU and delays of this client',
        ask: (client) => client.stats(),
        show: (stats) => ({ kind: 'json', json: JSON.stringify(stats) }),
      }),
    ],
  },
  {
    name: 'remove',
    aliases: ['rm'],
    examples: ['remove disk.mtorrent'],
    shell: {},
    forms: [remove(false, 'stop sharing; the file itself is kept'), remove(true, 'drop an unfinished download')],
  },
  {
    name: 'pause',
    shell: {},
    forms: [
      form({
        takes: { name: clientFile('<name>.mtorrent', isRunning) },
        purpose: 'fetch no more for now; still share it',
        ask: (client, { name }) => client.pause(name),
        show: (detail) => done(detail, 'paused; what is there stays shared'),
      }),
    ],
  },
  {
    name: 'resume',
    shell: {},
    forms: [
      form({
        takes: { name: clientFile('<name>.mtorrent', ({ state }) => state === 'paused' || state === 'failed') },
        purpose: 'go on with a paused or failed download',
        ask: (client, { name }) => client.resume(name),
        show: (detail) => done(detail, 'going on'),
      }),
    ],
  },
  {
    name: 'limit',
    examples: ['limit up 10M', 'limit down off'],
    shell: {
      summary: 'show both limits, or set one: up or down, and bytes a second',
      topicName: 'direction',
      examples: ['limit up 10M'],
    },
    forms: [
      limit('up', 'send at most 500K, 1.5M a second, or off'),
      limit('down', 'fetch at most that much a second, or off'),
      form({
        purpose: 'show both limits',
        ask: (client) => client.limits(),
        show: limits,
      }),
    ],
  },
  {
    name: 'reannounce',
    examples: ['reannounce disk.img'],
    shell: {},
    forms: [
      form({
        takes: { name: optional(clientFile('<name>')) },
        purpose: 'tell the trackers and look for peers now',
        ask: (client, { name }) => client.reannounce(name),
        show: (count) => done(String(count), `announced ${count === 1 ? '1 file' : `${count} files`} to the trackers`),
      }),
    ],
  },
  {
    name: 'verify',
    examples: ['verify disk.img'],
    forms: [
      form({
        takes: { name: clientFile('<name>') },
        purpose: 'hash what is there again',
        ask: (client, { name }) => client.verify(name),
        show: (found) => done(`${found.good}/${found.pieces}`, verificationLine(found)),
      }),
    ],
  },
  {
    name: 'doctor',
    forms: [
      form({
        purpose: 'find out what is wrong, or slow',
        ask: (client) => client.doctor(),
        show: (findings) =>
          table(
            findings.flatMap(findingLines),
            'nothing to look at',
            findings.filter(({ severity }) => severity === 'bad').length,
          ),
      }),
    ],
  },
  {
    name: 'log',
    examples: ['log debug'],
    shell: {},
    forms: [
      form({
        takes: { level: logLevel },
        purpose: 'log from this level on',
        ask: (client, { level }) => client.logLevel(level),
        show: (detail, { level }) => done(detail, `the log is written from ${level} on`),
      }),
    ],
  },
  {
    name: 'wait',
    shell: {},
    forms: [
      form({
        purpose: 'until every running download has ended',
        ask: (client) => client.wait(),
        show: (detail) => done(detail, 'every download has ended'),
      }),
    ],
  },
  {
    name: 'help',
    forms: [
      consoleForm(
        'help',
        { takes: { verb: optional(verbName) }, purpose: 'this list, or more about one command' },
        true,
      ),
    ],
  },
  { name: 'quit', aliases: ['exit'], forms: [consoleForm('quit', { purpose: 'leave the trackers and end' })] },
];

function remove(force: boolean, purpose: string): Form {
  return form({
    takes: { name: clientFile('<name>.mtorrent') },
    ...(force ? { flag: { name: 'force', short: 'f', purpose, isRisky: true } } : {}),
    purpose,
    ask: (client, { name }) => client.remove(name, { force }),
    show: (detail) => done(detail, 'removed; the file itself stays where it is'),
  });
}

function limit(direction: 'up' | 'down', purpose: string): Form {
  return form({
    topic: direction,
    takes: { rate },
    purpose,
    ask: (client, values) => client.limit(direction, values.rate),
    show: limits,
  });
}

export const VERB_NAMES: readonly string[] = VERBS.map(({ name }) => name);

/** By its name or an alias. */
export function verbNamed(word: string): Verb | undefined {
  return VERBS.find(({ name, aliases = [] }) => name === word || aliases.includes(word));
}

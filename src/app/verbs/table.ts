// The table of verbs: everything that can be asked of a running client. The console, the shell commands, completion and
// `help` read it, so adding a verb means adding a row here. Pure.

import { printable } from '../../foundation/torrent/names.js';
import { isRunning, isWhole } from '../library/views.js';
import { LOG_LEVEL_CHOICES } from '../settings/table.js';
import {
  clientFile,
  logLevel,
  movedDirectory,
  movedPath,
  optional,
  partOfName,
  rate,
  trackerAddress,
  verbName,
} from './arguments.js';
import { MAP, REPORT } from './pictures.js';
import {
  done,
  findingLines,
  invited,
  limits,
  listedJson,
  listedLine,
  nothingListed,
  relocationLines,
  retrackLines,
  table,
  verificationLine,
} from './results.js';
import { RETENTION } from './retention.js';
import { SHOW } from './showing.js';
import { GET, SHARE } from './transfers.js';
import { consoleForm, type Form, form, type Verb } from './verb.js';

/** In the order in which `help` lists them. */
export const VERBS: readonly Verb[] = [
  SHARE,
  GET,
  SHOW,
  MAP,
  REPORT,
  RETENTION,
  {
    name: 'list',
    examples: ['list', 'list llama'],
    forms: [
      form({
        takes: { text: optional(partOfName) },
        purpose: 'what others share, and the links to it',
        isQuestion: true,
        ask: (client, { text = '' }) => client.listed(text),
        show: (files, { text = '' }) => table(files.map(listedLine), nothingListed(text)),
      }),
      form({
        takes: { text: optional(partOfName) },
        flag: { name: 'json', purpose: 'as one JSON object' },
        purpose: 'the same as one JSON object',
        isQuestion: true,
        ask: (client, { text = '' }) => client.listed(text),
        show: (files) => ({ kind: 'json', json: listedJson(files) }),
      }),
    ],
  },
  {
    name: 'remove',
    aliases: ['rm'],
    examples: ['remove disk.mtorrent'],
    shell: {},
    forms: [
      remove('stop sharing; the file itself is kept'),
      remove('discard an unfinished download', { name: 'force', short: 'f' }),
      remove('also delete the file or folder itself', { name: 'delete-files' }),
    ],
  },
  {
    name: 'pause',
    shell: {},
    forms: [
      form({
        takes: { name: clientFile('<name>.mtorrent', isRunning) },
        purpose: 'stop downloading for now; keep sharing',
        ask: (client, { name }) => client.pause(name),
        show: (detail) => done(detail, 'paused; the pieces downloaded so far are still shared'),
      }),
    ],
  },
  {
    name: 'resume',
    shell: {},
    forms: [
      form({
        takes: { name: clientFile('<name>.mtorrent', ({ state }) => state === 'paused' || state === 'failed') },
        purpose: 'continue a paused or failed download',
        ask: (client, { name }) => client.resume(name),
        show: (detail) => done(detail, 'resumed'),
      }),
    ],
  },
  queue('top', true, 'let a waiting download begin next'),
  queue('bottom', false, 'let a waiting download begin last'),
  {
    name: 'limit',
    examples: ['limit up 10M', 'limit down off'],
    shell: {
      summary: 'show both rate limits, or set one in bytes a second',
      topicName: 'direction',
      examples: ['limit up 10M'],
    },
    forms: [
      limit('up', 'cap the upload rate: 500K, 1.5M or off'),
      limit('down', 'cap the download rate in the same way'),
      form({
        topic: 'schedule',
        purpose: 'what the limit-schedule says now',
        isQuestion: true,
        ask: (client) => client.limitNote(),
        show: (note) => done(note, note === '' ? 'no limit-schedule is set' : note),
      }),
      form({
        purpose: 'show both limits',
        isQuestion: true,
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
    name: 'retrack',
    examples: ['retrack 192.0.2.1:7001 192.0.2.7:7001'],
    shell: {
      summary: 'move every file from one tracker to another',
      examples: ['retrack 192.0.2.1:7001 192.0.2.7:7001', 'retrack 192.0.2.1:7001 192.0.2.7:7001 --dry-run'],
    },
    forms: [retrack(false, 'move every file from one tracker to another'), retrack(true, 'only count those files')],
  },
  {
    name: 'relocate',
    shell: { summary: 'share what was moved on the disk from where it lies now' },
    forms: [
      form({
        takes: { name: clientFile('<name>', isWhole), path: movedPath },
        purpose: 'share what was moved from its new place',
        ask: (client, { name, path }) => client.relocate(name, path),
        show: (_, { path }) => done(path, `shared from ${printable(path)} now`),
      }),
      form({
        takes: {
          from: movedDirectory('from', 'the directory at or below which everything lay'),
          to: movedDirectory('to', 'the directory in its place'),
        },
        purpose: 'likewise, everything below a directory',
        ask: (client, { from, to }) => client.relocateBelow(from, to),
        show: (relocation, { from, to }) => table(relocationLines(relocation, from, to), '', relocation.files),
      }),
    ],
  },
  {
    name: 'verify',
    examples: ['verify disk.img'],
    forms: [
      form({
        takes: { name: clientFile('<name>') },
        purpose: 'hash the file again; report bad pieces',
        ask: (client, { name }) => client.verify(name),
        show: (found) => done(`${found.good}/${found.pieces}`, verificationLine(found)),
      }),
    ],
  },
  {
    name: 'invite',
    forms: [
      form({
        purpose: 'how another machine takes part',
        ask: (client) => client.invite(),
        show: (invitation) => invited(invitation),
      }),
    ],
  },
  {
    name: 'doctor',
    forms: [
      form({
        purpose: 'find out what is wrong or slow',
        isQuestion: true,
        ask: (client) => client.doctor(),
        show: (findings) =>
          table(
            findings.flatMap(findingLines),
            'nothing to report',
            findings.filter(({ severity }) => severity === 'bad').length,
          ),
      }),
    ],
  },
  {
    name: 'web',
    shell: { summary: 'print a link that opens the page of the background client, once' },
    forms: [
      form({
        purpose: 'a link to its page in a browser, good once',
        ask: (client) => client.web(),
        show: (link) => done(link, link),
      }),
    ],
  },
  {
    name: 'log',
    examples: ['log debug'],
    shell: { summary: 'set the log level' },
    forms: [
      form({
        takes: { level: logLevel },
        purpose: `log level: ${LOG_LEVEL_CHOICES.join(', ')}`,
        ask: (client, { level }) => client.logLevel(level),
        show: (detail, { level }) => done(detail, `the log level is now ${level}`),
      }),
    ],
  },
  {
    name: 'wait',
    shell: {},
    forms: [
      form({
        purpose: 'wait until all downloads have ended',
        isQuestion: true,
        ask: (client) => client.wait(),
        show: (detail) => done(detail, 'all downloads have ended'),
      }),
    ],
  },
  {
    name: 'help',
    forms: [
      consoleForm(
        'help',
        { takes: { verb: optional(verbName) }, purpose: 'show this list, or details of one command' },
        true,
      ),
    ],
  },
  {
    name: 'quit',
    aliases: ['exit'],
    forms: [consoleForm('quit', { purpose: 'exit; a background client keeps running' })],
  },
];

function remove(purpose: string, flag?: { readonly name: string; readonly short?: string }): Form {
  const [force, content] = [flag?.name === 'force', flag?.name === 'delete-files'];
  return form({
    takes: { name: clientFile(content ? '<name>' : '<name>.mtorrent') },
    ...(flag === undefined ? {} : { flag: { ...flag, purpose, isRisky: true } }),
    purpose,
    ask: (client, { name }) => client.remove(name, { force, content }),
    show: (detail) => done(detail, removedSentence(force, content)),
  });
}

function retrack(isTrial: boolean, purpose: string): Form {
  return form({
    takes: { old: trackerAddress('<old>'), new: trackerAddress('<new>') },
    ...(isTrial ? { flag: { name: 'dry-run', purpose } } : {}),
    purpose,
    ask: (client, values) => client.retrack(values.old, values.new, isTrial),
    show: (moved, values) => table(retrackLines(moved, values.old, values.new, isTrial), '', moved.files),
  });
}

function queue(name: 'top' | 'bottom', isFirst: boolean, purpose: string): Verb {
  return {
    name,
    shell: {},
    forms: [
      form({
        takes: { name: clientFile('<name>', ({ state }) => state === 'waiting') },
        purpose,
        ask: (client, values) => client.queue(values.name, isFirst),
        show: (detail) => done(detail, QUEUE_SENTENCES[detail] ?? detail),
      }),
    ],
  };
}

const QUEUE_SENTENCES: Readonly<Record<string, string>> = {
  FIRST: 'it begins next',
  LAST: 'it begins last',
  RUNNING: 'it is downloaded already',
};

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

function removedSentence(force: boolean, content: boolean): string {
  if (content) return 'removed, and its files deleted';
  return force ? 'removed; what was not complete is deleted' : 'removed; the file itself was not touched';
}

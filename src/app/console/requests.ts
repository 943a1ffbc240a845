// The commands of the console: what a line means, or why it means nothing. The one place where a console command is added.
// Pure; paths become absolute against the directory that is passed in.

import { resolve } from 'node:path';
import { LOG_LEVELS, type LogLevel } from '../../foundation/base/log.js';
import { nearest } from '../../foundation/base/nearest.js';
import { printable } from '../../foundation/torrent/names.js';
import { parseRate, rateSentence } from '../settings/rates.js';
import { splitWords } from './words.js';

export type Request =
  | { readonly kind: 'share'; readonly path: string; readonly mtorrentPath: string }
  | { readonly kind: 'get'; readonly mtorrentPath: string; readonly destination: string }
  | { readonly kind: 'remove'; readonly name: string; readonly force: boolean }
  | { readonly kind: 'pause'; readonly name: string }
  | { readonly kind: 'resume'; readonly name: string }
  | { readonly kind: 'showDownloads'; readonly json: boolean }
  | { readonly kind: 'showShares' }
  | { readonly kind: 'showPeers'; readonly name: string }
  | { readonly kind: 'showPieces'; readonly name: string }
  | { readonly kind: 'showTrackers' }
  | { readonly kind: 'showStats' }
  | { readonly kind: 'verify'; readonly name: string }
  | { readonly kind: 'doctor' }
  | { readonly kind: 'logLevel'; readonly level: LogLevel }
  | { readonly kind: 'limit'; readonly direction: 'up' | 'down'; readonly rate: number }
  | { readonly kind: 'limits' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'help'; readonly verb: string | undefined }
  | { readonly kind: 'quit' }
  | { readonly kind: 'nothing' };

export type Parsed = Request | { readonly kind: 'mistake'; readonly sentence: string };

export interface Surroundings {
  readonly directory: string;
  readonly home: string;
}

/** What `show` lists without a further word. */
const PLAIN_LISTINGS: Readonly<Record<string, 'showShares' | 'showTrackers' | 'showStats' | undefined>> = {
  shares: 'showShares',
  trackers: 'showTrackers',
  stats: 'showStats',
};

interface Form {
  /** As `help` shows it: what to write, and what for. Lines stay within 80 columns. */
  readonly uses: readonly (readonly [usage: string, purpose: string])[];
  /** Whole lines, for `help <command>`. */
  readonly examples?: readonly string[];
  readonly parse: (words: readonly string[], at: Pick<Surroundings, 'directory'>) => Parsed | undefined;
}

/** In the order of the menu. */
const FORMS: Readonly<Record<string, Form>> = {
  share: {
    uses: [['share <file> <name>.mtorrent', 'make the .mtorrent, then serve the file']],
    examples: ['share ~/disk.img disk.mtorrent', 'share "two words.bin" /tmp/two.mtorrent'],
    parse: ([path, mtorrentPath, ...rest], { directory }) =>
      !path || !mtorrentPath || rest.length > 0
        ? undefined
        : { kind: 'share', path: resolve(directory, path), mtorrentPath: resolve(directory, mtorrentPath) },
  },
  get: {
    uses: [['get <name>.mtorrent <destination>', 'download to a directory or a file name']],
    examples: ['get disk.mtorrent .', 'get /tmp/disk.mtorrent ~/images/new.img'],
    parse: ([mtorrentPath, destination, ...rest], { directory }) => {
      // An empty word, as of an unset variable in a script, is not the current directory.
      if (!mtorrentPath || !destination || rest.length > 0) return undefined;
      // resolve() drops the slash that says "a directory".
      const slash = destination.endsWith('/') && destination !== '/' ? '/' : '';
      return {
        kind: 'get',
        mtorrentPath: resolve(directory, mtorrentPath),
        destination: resolve(directory, destination) + slash,
      };
    },
  },
  show: {
    uses: [
      ['show downloads [--json]', '[D] is being downloaded, [S] is complete'],
      ['show shares', 'what others can fetch from here'],
      ['show peers <name>', 'who sends and who receives'],
      ['show pieces <name>', 'a map of what is there'],
      ['show trackers', 'which of them answer'],
      ['show stats', 'memory, CPU and delays of this client'],
    ],
    examples: ['show downloads', 'show peers disk.img'],
    parse: ([what = 'downloads', name, ...rest], { directory }) => {
      if (what === 'downloads' && (name === undefined || name === '--json') && rest.length === 0)
        return { kind: 'showDownloads', json: name === '--json' };
      const listing = Object.hasOwn(PLAIN_LISTINGS, what) ? PLAIN_LISTINGS[what] : undefined;
      if (listing !== undefined) return name === undefined ? { kind: listing } : undefined;
      if (name === undefined || rest.length > 0) return undefined;
      if (what === 'peers') return { kind: 'showPeers', name: nameOrPath(name, directory) };
      return what === 'pieces' ? { kind: 'showPieces', name: nameOrPath(name, directory) } : undefined;
    },
  },
  remove: {
    uses: [
      ['remove <name>.mtorrent', 'stop sharing; the file itself is kept'],
      ['remove <name>.mtorrent --force', 'drop an unfinished download'],
    ],
    examples: ['remove disk.mtorrent'],
    parse: (words, { directory }) => {
      const names = words.filter((word) => word !== '--force');
      const [name] = names;
      if (name === undefined || names.length !== 1 || words.length - names.length > 1) return undefined;
      return { kind: 'remove', name: nameOrPath(name, directory), force: words.length > 1 };
    },
  },
  pause: {
    uses: [['pause <name>.mtorrent', 'fetch no more for now; still share it']],
    parse: named('pause'),
  },
  resume: {
    uses: [['resume <name>.mtorrent', 'go on with a paused or failed download']],
    parse: named('resume'),
  },
  limit: {
    uses: [
      ['limit up <rate>', 'send at most 500K, 1.5M a second, or off'],
      ['limit down <rate>', 'fetch at most that much a second, or off'],
      ['limit', 'show both limits'],
    ],
    examples: ['limit up 10M', 'limit down off'],
    parse: ([direction, text, ...rest]) => {
      if (direction === undefined) return { kind: 'limits' };
      if ((direction !== 'up' && direction !== 'down') || text === undefined || rest.length > 0) return undefined;
      const rate = parseRate(text);
      if (rate === undefined) return { kind: 'mistake', sentence: rateSentence(text) };
      return { kind: 'limit', direction, rate };
    },
  },
  verify: {
    uses: [['verify <name>', 'hash what is there again']],
    examples: ['verify disk.img'],
    parse: named('verify'),
  },
  doctor: {
    uses: [['doctor', 'find out what is wrong, or slow']],
    parse: (words) => (words.length === 0 ? { kind: 'doctor' } : undefined),
  },
  log: {
    uses: [['log <level>', `log from ${LOG_LEVELS.join(', ')} on`]],
    examples: ['log debug'],
    parse: ([level, ...rest]) => {
      const known = LOG_LEVELS.find((one) => one === level);
      return known === undefined || rest.length > 0 ? undefined : { kind: 'logLevel', level: known };
    },
  },
  wait: {
    uses: [['wait', 'until every running download has ended']],
    parse: (words) => (words.length === 0 ? { kind: 'wait' } : undefined),
  },
  help: {
    uses: [['help [command]', 'this list, or more about one command']],
    parse: ([verb]) => ({ kind: 'help', verb }),
  },
  quit: {
    uses: [['quit', 'leave the trackers and end']],
    parse: (words) => (words.length === 0 ? { kind: 'quit' } : undefined),
  },
};

/** One file, by its .mtorrent's name or path. */
function named(kind: 'pause' | 'resume' | 'verify'): Form['parse'] {
  return ([name, ...rest], { directory }) =>
    name === undefined || rest.length > 0 ? undefined : { kind, name: nameOrPath(name, directory) };
}

/** With a slash it is a path; without, a name among the client's own files. */
function nameOrPath(word: string, directory: string): string {
  return word.includes('/') ? resolve(directory, word) : word;
}

const ALIASES: Readonly<Record<string, string>> = {
  exit: 'quit',
  add: 'get',
  seed: 'share',
  rm: 'remove',
  ls: 'show',
  list: 'show',
};

export const COMMAND_NAMES: readonly string[] = Object.keys(FORMS);

export function parseLine(line: string, at: Surroundings): Parsed {
  const split = splitWords(line, at.home);
  if (split.kind === 'unclosed')
    return {
      kind: 'mistake',
      sentence: `the ${split.quote} is not closed; write it twice or escape it with a backslash`,
    };
  if (split.words[0]?.startsWith('#')) return { kind: 'nothing' };
  return parseWords(split.words, at);
}

/** As `parseLine`, of words that a shell has split already. */
export function parseWords([command, ...words]: readonly string[], at: Pick<Surroundings, 'directory'>): Parsed {
  if (command === undefined) return { kind: 'nothing' };
  const form = formOf(command);
  if (form === undefined) {
    const near = nearest(command, COMMAND_NAMES);
    const hint = near === undefined ? '`help` lists the commands' : `did you mean ${near}?`;
    return { kind: 'mistake', sentence: `there is no command "${printable(command)}"; ${hint}` };
  }
  return (
    form.parse(words, at) ?? { kind: 'mistake', sentence: `write: ${form.uses.map(([usage]) => usage).join(', or: ')}` }
  );
}

/** By its name or another that people know it by. */
function formOf(word: string): Form | undefined {
  const name = Object.hasOwn(ALIASES, word) ? (ALIASES[word] ?? word) : word;
  return Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
}

/** Of all commands, or of one with its examples. */
export function helpText(verb?: string): string {
  const form = verb === undefined ? undefined : formOf(verb);
  const uses = form?.uses ?? Object.values(FORMS).flatMap((each) => each.uses);
  const width = Math.max(...uses.map(([usage]) => usage.length));
  const lines = uses.map(([usage, purpose]) => `  ${usage.padEnd(width)}  ${purpose}`);
  if (form?.examples !== undefined) lines.push('', ...form.examples.map((line) => `  for example: ${line}`));
  return lines.join('\n');
}

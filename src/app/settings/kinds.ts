// The kinds of values that settings have: each reads what a flag, a variable or a line of config.toml says, and shows a
// value the way it is written. Pure: paths are made absolute with the directories that are passed in.

import { isAbsolute, join, normalize } from 'node:path';
import { parseBytes } from '../../foundation/base/bytes.js';
import { familyOf } from '../../foundation/base/hosts.js';
import { type Found, homeless } from '../../foundation/base/surroundings.js';
import {
  type Address,
  formatAddress,
  isDialable,
  parseAddress,
  parseNamedAddress,
  whyNoAddress,
} from '../../foundation/torrent/address.js';
import {
  formatListenAddress,
  LISTEN_ADDRESS_EXPECTED,
  parseListenAddress,
} from '../../foundation/torrent/listen-address.js';
import { printable } from '../../foundation/torrent/names.js';
import { type TrackerList, trackerList, whyNoTrackers } from '../../foundation/torrent/tracker-pair.js';
import { formatDuration, parseDuration } from './durations.js';
import { SEED_RATIO_MAX } from './limits.js';
import { parseRate, showRate } from './rates.js';
import { formatTimetable, parseTimetable, type Timetable } from './timetable.js';

/** What paths start from. */
export interface PathBase {
  readonly home: Found;
  /** Of the config file, or the current one. Absolute. */
  readonly directory: string;
}

export interface Kind<T> {
  /** Follows "is not". */
  readonly expects: string;
  /** From a word, or what TOML has beside strings. Undefined when it is none. */
  read(raw: unknown, base: PathBase): T | undefined;
  /** A sentence for what was not read and is well written all the same; undefined when `expects` says enough. */
  whyNot?(raw: unknown): string | undefined;
  /** Reads back as the same value. */
  show(value: T): string;
  /** What a shell offers for it. */
  readonly offers: readonly string[] | 'files' | 'directories' | 'nothing';
  /** Said twice on a command line, or as a list. */
  readonly isList?: true;
}

const ADVERTISED_EXPECTED =
  'an address that others can dial; write ip:port, such as 192.0.2.1:6881, name:port or interface:port, or a port alone';

/** What is wrong with an address, before how one is written. @param expected of the kind, with a semicolon. */
function whyNotOf(expected: string): (raw: unknown) => string | undefined {
  return (raw) => {
    const why = typeof raw === 'string' && !/^\d*$/.test(raw) ? whyNoAddress(raw) : undefined;
    return why === undefined ? undefined : `"${printable(String(raw))}" is not ${expected.replace(';', `: ${why};`)}`;
  };
}

export const address: Kind<Address> = {
  expects: LISTEN_ADDRESS_EXPECTED,
  read: (raw) => (typeof raw === 'string' ? parseListenAddress(raw) : undefined),
  whyNot: whyNotOf(LISTEN_ADDRESS_EXPECTED),
  show: formatListenAddress,
  offers: 'nothing',
};

/** What others are to dial: an address, or a port at whichever host they see. */
export interface Advertised {
  /** Numeric, or a name, an interface or a network. */
  readonly host: string | undefined;
  readonly port: number;
}

export const advertised: Kind<Advertised> = {
  expects: ADVERTISED_EXPECTED,
  read: (raw) => {
    const text = typeof raw === 'number' ? String(raw) : raw;
    if (typeof text !== 'string') return undefined;
    const address = parseAddress(text);
    if (address !== undefined) return isDialable(address.host) ? address : undefined;
    const port = /^:?(\d{1,5})$/.exec(text)?.[1];
    if (port !== undefined)
      return Number(port) > 0 && Number(port) < 65_536 ? { host: undefined, port: Number(port) } : undefined;
    const named = parseListenAddress(text);
    return named === undefined || named.port === 0 || familyOf(named.host) !== undefined ? undefined : named;
  },
  whyNot: whyNotOf(ADVERTISED_EXPECTED),
  show: ({ host, port }) => (host === undefined ? String(port) : formatListenAddress({ host, port })),
  offers: 'nothing',
};

export const trackers: Kind<TrackerList> = {
  expects: 'two different addresses; write ip:port of both, with a comma between them: 192.0.2.1:7001,192.0.2.2:7001',
  read: (raw) => {
    const list = addressesIn(raw);
    return list === undefined || whyNoTrackers(list) !== undefined ? undefined : list;
  },
  whyNot: (raw) => {
    const list = addressesIn(raw);
    if (list !== undefined) return whyNoTrackers(list);
    const wrong = wordsIn(raw).find((word) => parseNamedAddress(word) === undefined);
    const why = wrong === undefined ? undefined : whyNoAddress(wrong);
    return why === undefined
      ? undefined
      : `"${printable(wrong ?? '')}" is no address: ${why}; write ip:port, such as 192.0.2.1:7001, or name:port`;
  },
  show: (list) => list.map(formatAddress).join(','),
  offers: 'nothing',
  isList: true,
};

function addressesIn(raw: unknown): TrackerList | undefined {
  const words = wordsIn(raw);
  const addresses = words.flatMap((word) => parseNamedAddress(word) ?? []);
  return addresses.length < words.length ? undefined : trackerList(addresses);
}

function wordsIn(raw: unknown): readonly string[] {
  const texts = (Array.isArray(raw) ? raw : [raw]).flatMap((each) => (typeof each === 'string' ? each.split(',') : []));
  return texts.map((text) => text.trim());
}

/** @param offers whether a directory or a file is named. */
export function path(offers: 'files' | 'directories'): Kind<string> {
  return {
    expects: 'a path',
    read: (raw, base) =>
      typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? absolutePath(raw, base) : undefined,
    show: (value) => value,
    offers,
  };
}

/** A path, or `off`, which is ''. */
export function pathOrOff(offers: 'files' | 'directories'): Kind<string> {
  const { read } = path(offers);
  return {
    expects: 'a path, or off',
    read: (raw, base) => (raw === 'off' ? '' : read(raw, base)),
    show: (value) => (value === '' ? 'off' : value),
    offers,
  };
}

export const rate: Kind<number> = {
  expects: 'a rate; write bytes a second such as 500K, 10M or 1.5MiB, from 1K to 1024G, or off',
  read: (raw) => (typeof raw === 'string' || typeof raw === 'number' ? parseRate(String(raw)) : undefined),
  show: showRate,
  offers: ['off', '500K', '1M', '10M', '100M'],
};

/** Bytes on a disk. */
export const room: Kind<number> = {
  expects: 'a number of bytes; write 500K, 100M, 2G, or off',
  read: (raw) => (typeof raw === 'string' || typeof raw === 'number' ? parseRate(String(raw)) : undefined),
  show: showRate,
  offers: ['off', '16M', '100M', '1G'],
};

/** Milliseconds. @param minMs the least that is taken. @param maxMs the most, if less than any time may be. */
export function duration(minMs: number, expects: string, maxMs = Number.POSITIVE_INFINITY): Kind<number> {
  return {
    expects,
    read: (raw) => {
      const ms = parseTime(raw);
      return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
    },
    show: formatDuration,
    offers: 'nothing',
  };
}

export const yesOrNo: Kind<boolean> = {
  expects: 'yes or no',
  read: (raw) => (raw === true || raw === 'yes' ? true : raw === false || raw === 'no' ? false : undefined),
  show: (value) => (value ? 'yes' : 'no'),
  offers: ['yes', 'no'],
};

/** Milliseconds; infinity for `forever`. */
export const patience: Kind<number> = {
  expects: 'a time; write 30s, 5m, 1h or forever',
  read: (raw) => (raw === 'forever' ? Number.POSITIVE_INFINITY : parseTime(raw)),
  show: (value) => (value === Number.POSITIVE_INFINITY ? 'forever' : formatDuration(value)),
  offers: ['30s', '5m', 'forever'],
};

function parseTime(raw: unknown): number | undefined {
  return typeof raw === 'string' || typeof raw === 'number' ? parseDuration(String(raw)) : undefined;
}

export function count(least: number, most: number): Kind<number> {
  return {
    expects: `a whole number from ${least} to ${most}`,
    read: (raw) => {
      const value = typeof raw === 'string' && /^\d+$/.test(raw) ? Number(raw) : raw;
      return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
        ? (value as number)
        : undefined;
    },
    show: String,
    offers: 'nothing',
  };
}

/** A whole number; 0: off. @param what it counts, for a sentence. */
export function countOrOff(most: number, what: string, offers: readonly string[]): Kind<number> {
  const { read } = count(1, most);
  return {
    expects: `a number of ${what} from 1 to ${most}, or off`,
    read: (raw, base) => (raw === 'off' ? 0 : read(raw, base)),
    show: (value) => (value === 0 ? 'off' : String(value)),
    offers,
  };
}

/** Bytes; 0: off. */
export const budget: Kind<number> = {
  expects: 'a number of bytes; write 500M, 20G, 2T, or off',
  read: (raw) => {
    if (raw === 'off') return 0;
    return typeof raw === 'string' || typeof raw === 'number' ? parseBytes(String(raw)) : undefined;
  },
  show: showRate,
  offers: ['off', '100G', '1T'],
};

/** Times the size of a share; 0: off. */
export const ratio: Kind<number> = {
  expects: `a number of times its size, such as 1.5 or 2, at most ${SEED_RATIO_MAX}, or off`,
  read: (raw) => {
    if (raw === 'off') return 0;
    const value = typeof raw === 'string' && /^\d+(\.\d+)?$/.test(raw) ? Number(raw) : raw;
    return typeof value === 'number' && value >= 0 && value <= SEED_RATIO_MAX ? value : undefined;
  },
  show: (value) => (value === 0 ? 'off' : String(value)),
  offers: ['1', '2', 'off'],
};

export const timetable: Kind<Timetable> = {
  expects: 'a timetable; write windows such as "Mon-Fri 08:00-18:00 up=10M down=20M", with ; between them, or off',
  read: (raw) => {
    const parts = Array.isArray(raw) ? raw : [raw];
    return parts.every((part) => typeof part === 'string') ? parseTimetable(parts.join(';')) : undefined;
  },
  show: formatTimetable,
  offers: 'nothing',
};

export function choice<const C extends string>(...choices: readonly C[]): Kind<C> {
  return {
    expects: `one of ${choices.join(', ')}`,
    read: (raw) => choices.find((each) => each === raw),
    show: (value) => value,
    offers: choices,
  };
}

/** `~` and `~/x` mean the home directory; `~name` is an ordinary name. Throws INVALID_ARGUMENTS when there is none. */
export function absolutePath(text: string, base: PathBase): string {
  const { home } = base;
  if (text === '~' || text.startsWith('~/')) {
    if ('missing' in home) throw homeless(home.missing);
    return normalize(join(home.path, text.slice(1)));
  }
  return normalize(isAbsolute(text) ? text : join(base.directory, text));
}

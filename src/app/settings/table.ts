// Every setting, once: its name is the long flag and the key in config.toml, and MTORRENT_<NAME> is its variable. What
// commands, `config show`, completion and the manual say of a setting comes from here. Pure.

import { DOWNLOADS_RUNNING_MAX, PEER_THREADS_MAX } from '../../foundation/base/limits.js';
import type { LogLevel } from '../../foundation/base/log.js';
import { httpPlace, metricsPlace } from './http-place.js';
import {
  address,
  advertised,
  budget,
  choice,
  count,
  countOrOff,
  duration,
  type Kind,
  path,
  pathOrOff,
  patience,
  rate,
  ratio,
  room,
  timetable,
  trackers,
  yesOrNo,
} from './kinds.js';
import {
  CARD_LIFE_MAX_MS,
  CARD_LIFE_MIN_MS,
  HOOK_TIMEOUT_MIN_MS,
  KEEP_DAYS_MAX,
  KEEP_VERSIONS_MAX,
  STATS_INTERVAL_MIN_MS,
} from './limits.js';
import type { Places } from './places.js';

/** @typeParam D the default: a value, or undefined where there is none. */
export interface Setting<T, D> {
  readonly kind: Kind<T>;
  readonly fallback: (places: Places) => D;
  /** The default as the manual says it. */
  readonly fallbackText: string;
  readonly description: string;
}

function optional<T>(kind: Kind<T>, fallbackText: string, description: string): Setting<T, undefined> {
  return { kind, fallback: () => undefined, fallbackText, description };
}

function setting<T>(
  kind: Kind<T>,
  fallback: (places: Places) => NoInfer<T>,
  fallbackText: string,
  description: string,
): Setting<T, T> {
  return { kind, fallback, fallbackText, description };
}

/** A copy of LOG_LEVELS, whose file would load the logger for every `--help`; a test compares them. */
export const LOG_LEVEL_CHOICES = ['trace', 'debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** A copy of CARD_LIFE_S, whose file a client does not need; a test compares them. */
const CARD_LIFE_DEFAULT_MS = 14 * 24 * 3_600_000;

export const SETTINGS = {
  address: optional(address, 'found automatically', 'ip:port where other clients reach this one'),
  'address-wait': setting(
    patience,
    () => 0,
    '0s; forever as a service of systemd',
    'how long a daemon or tracker waits for an address not there yet: 5m, forever',
  ),
  advertise: optional(
    advertised,
    'the address',
    'ip:port or port that others dial instead: behind a NAT, in a container',
  ),
  trackers: optional(trackers, 'none', 'ip:port of both trackers of a pair, or of all that share a database'),
  identity: setting(
    path('directories'),
    ({ identityDirectory }) => identityDirectory,
    '$XDG_CONFIG_HOME/mtorrent/swarm',
    'directory of the keys with which this machine takes part in a closed swarm',
  ),
  swarm: setting(
    choice('auto', 'open', 'closed'),
    () => 'auto' as const,
    'auto',
    'who may take part: open, closed (members only), auto (closed with an identity)',
  ),
  'card-life': setting(
    duration(CARD_LIFE_MIN_MS, 'a time from 1d to 90d', CARD_LIFE_MAX_MS),
    () => CARD_LIFE_DEFAULT_MS,
    '14d',
    'how long the cards are good that a tracker of a closed swarm signs: 1d to 90d',
  ),
  'join-ca': optional(path('files'), 'none', 'certificate of an authority (PEM) that vouches for machines that join'),
  'join-ca-role': setting(
    choice('reader', 'client', 'publisher'),
    () => 'reader' as const,
    'reader',
    'what machines may do that join by it: reader, client or publisher',
  ),
  'allow-host-names': setting(
    yesOrNo,
    () => false,
    'no',
    "whether a stranger's .mtorrent may name its trackers by host names: yes or no",
  ),
  'require-signature': setting(
    yesOrNo,
    () => false,
    'no',
    "whether only what the swarm's publishers signed is downloaded: yes or no",
  ),
  sign: setting(yesOrNo, () => false, 'no', 'whether every .mtorrent made here is signed by its publisher: yes or no'),
  'state-dir': setting(
    path('directories'),
    ({ stateDirectory }) => stateDirectory,
    '$XDG_STATE_HOME/mtorrent',
    'directory for what is kept across runs',
  ),
  log: setting(
    path('files'),
    ({ stateDirectory }) => `${stateDirectory}/mtorrent.log`,
    '$XDG_STATE_HOME/mtorrent/mtorrent.log',
    'log file, appended to',
  ),
  'log-level': setting(choice(...LOG_LEVEL_CHOICES), () => 'info' as const, 'info', 'lowest level that is logged'),
  'log-format': setting(
    choice('json', 'text'),
    () => 'json' as const,
    'json',
    'format of the log: json for programs, text for people',
  ),
  'upload-limit': setting(rate, () => 0, 'off', 'highest upload rate in bytes per second: 500K, 10M, 1.5MiB, off'),
  'download-limit': setting(rate, () => 0, 'off', 'highest download rate in bytes per second: 500K, 10M, 1.5MiB, off'),
  'download-dir': setting(
    path('directories'),
    ({ downloadDirectory }) => downloadDirectory,
    '$XDG_DOWNLOAD_DIR, or the current directory',
    'where downloads go when no destination is named',
  ),
  socket: setting(
    path('files'),
    ({ socket }) => socket,
    '$XDG_RUNTIME_DIR/mtorrent/client.sock',
    'socket of the client in the background',
  ),
  http: optional(httpPlace, 'none', 'where this machine finds a page and an API: 127.0.0.1:8080, unix:/run/mt'),
  metrics: optional(metricsPlace, 'none', 'ip:port where numbers for Prometheus are served'),
  color: setting(
    choice('auto', 'always', 'never'),
    () => 'auto' as const,
    'auto',
    'when to use colors; auto: on a terminal',
  ),
  'seed-time': setting(
    duration(0, 'a time; write 90s, 30m, 2h or 1d'),
    () => 0,
    '0s',
    'how long a finished one-shot download is shared: 90s, 30m, 2h, 1d',
  ),
  'seed-ratio': setting(
    ratio,
    () => 0,
    'off',
    'times its size after which a one-shot download is not shared any more: 1.5, 2',
  ),
  'limit-schedule': setting(
    timetable,
    () => [],
    'off',
    'rate limits by the time of day: "Mon-Fri 08:00-18:00 up=10M down=20M"',
  ),
  'active-downloads': setting(
    count(1, DOWNLOADS_RUNNING_MAX),
    () => DOWNLOADS_RUNNING_MAX,
    '32',
    'downloads of one client that run at once, 1 to 32; others wait',
  ),
  'peer-threads': optional(
    count(1, PEER_THREADS_MAX),
    'half of the cores, at most 4',
    'threads that move payload over the network, 1 to 16',
  ),
  'disk-reserve': optional(
    room,
    '16M, less on a small disk',
    'bytes that downloads leave free on their disk: 100M, 2G, off',
  ),
  'on-complete': optional(pathOrOff('files'), 'off', 'program that is run when a download is complete'),
  'on-error': optional(pathOrOff('files'), 'off', 'program that is run when a download fails or cannot go on'),
  'hook-timeout': setting(
    duration(HOOK_TIMEOUT_MIN_MS, 'a time of at least 1 s; write 90s, 10m or 2h'),
    () => 600_000,
    '10m',
    'how long a program of on-complete or on-error may run: 90s, 2h',
  ),
  'watch-dir': optional(
    pathOrOff('directories'),
    'off',
    'folder whose .mtorrent and .link files a client in the background fetches',
  ),
  'watch-dest': optional(path('directories'), 'the download-dir', 'where what comes from the watch-dir goes'),
  'keep-days': setting(
    countOrOff(KEEP_DAYS_MAX, 'days', ['7', '30', 'off']),
    () => 0,
    'off',
    'days after which a lasting client deletes what it has downloaded itself: 7, 30',
  ),
  'keep-versions': setting(
    countOrOff(KEEP_VERSIONS_MAX, 'versions', ['1', '3', 'off']),
    () => 0,
    'off',
    'newest versions of each download that are kept; older ones are deleted: 1, 3',
  ),
  'disk-budget': setting(
    budget,
    () => 0,
    'off',
    'bytes that all downloads may take; beyond it the oldest are deleted: 100G, 2T',
  ),
  'stats-interval': setting(
    duration(STATS_INTERVAL_MIN_MS, 'a time of at least 0.1 s; write 500ms, 10s or 1m'),
    () => 10_000,
    '10s',
    'time between two progress lines without a terminal: 10s, 1m',
  ),
} as const satisfies Readonly<Record<string, Setting<unknown, unknown>>>;

/** Flags of every command that dials trackers or peers, and OPEN_FLAG with them. */
export const IDENTITY_SETTINGS = ['identity', 'swarm'] as const satisfies readonly SettingName[];
export const OPEN_FLAG = {
  open: { type: 'boolean', default: false, describe: 'the same as --swarm open' },
} as const;
/** Flag of every command that makes one .mtorrent: the setting as a switch. */
export const SIGN_FLAG = {
  sign: { type: 'boolean', describe: 'sign it as a publisher of your closed swarm; implies --sha256 for a file' },
} as const;
/** Flags of every command that writes a log. */
export const LOG_SETTINGS = ['log-level', 'log-format'] as const satisfies readonly SettingName[];
/** Flags of every command that runs a client or a tracker: what it serves to browsers and scripts. */
export const HTTP_SETTINGS = ['http', 'metrics'] as const satisfies readonly SettingName[];
/** Flags of every command that runs a client. */
export const CLIENT_SETTINGS = [
  'advertise',
  'peer-threads',
  'disk-reserve',
  'allow-host-names',
  'require-signature',
  ...IDENTITY_SETTINGS,
  ...HTTP_SETTINGS,
] as const satisfies readonly SettingName[];

/** Flags of every command whose client downloads. */
export const HOOK_SETTINGS = ['on-complete', 'on-error', 'hook-timeout'] as const satisfies readonly SettingName[];

/** Flags of every command whose client goes on when a download ends. */
export const LASTING_SETTINGS = [
  'limit-schedule',
  'active-downloads',
  'sign',
  'keep-days',
  'keep-versions',
  'disk-budget',
] as const satisfies readonly SettingName[];

export type SettingName = keyof typeof SETTINGS;
/** Paths are absolute, rates are bytes per second (0: no limit), times are milliseconds. */
export type SettingValues = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T, infer D> ? T | D : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** A setting as data, without the type of its values. */
export function settingOf(name: SettingName): Setting<unknown, unknown> {
  return SETTINGS[name];
}

/** 'state-dir' → 'MTORRENT_STATE_DIR'. */
export function variableOf(name: SettingName): string {
  return `MTORRENT_${name.toUpperCase().replaceAll('-', '_')}`;
}

export interface FlagOptions {
  readonly type: 'string';
  readonly describe: string;
  readonly defaultDescription?: string;
  readonly choices?: readonly string[];
  readonly array?: true;
  readonly nargs?: 1;
}

/** Declares the flags of settings, and `--config`. No flag has a default: defaults are resolved last. */
export function settingFlags<const N extends SettingName>(
  ...names: readonly N[]
): Readonly<Record<N | 'config', FlagOptions>> {
  const flags = names.map((name): [string, FlagOptions] => {
    const { kind, description, fallbackText } = settingOf(name);
    const isChoice = Array.isArray(kind.offers) && kind.expects.startsWith('one of ');
    return [
      name,
      {
        type: 'string',
        describe: description,
        defaultDescription: fallbackText,
        ...(isChoice ? { choices: kind.offers as readonly string[] } : {}),
        ...(kind.isList === true ? { array: true, nargs: 1 } : {}),
      },
    ];
  });
  const config = { type: 'string', describe: 'read settings from this config.toml alone' } as const;
  return Object.fromEntries([...flags, ['config', config]]) as Readonly<Record<N | 'config', FlagOptions>>;
}

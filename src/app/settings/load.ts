// Reads the sources of settings and lets resolve.ts decide. A config file that everybody may write is refused: whoever
// writes it chooses where our files go.

import { constants, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { errnoOf, fileError, MiniTorrentError } from '../../foundation/base/errors.js';
import { currentDirectory, type Found, homeOf, refuseGarbled } from '../../foundation/base/surroundings.js';
import { printable } from '../../foundation/torrent/names.js';
import { CONFIG_BYTES_MAX } from './limits.js';
import { type Environment, type Places, placesOf } from './places.js';
import { type ConfigFile, type Labels, originText, resolveSettings, type Settings } from './resolve.js';
import { SETTING_NAMES } from './table.js';

/** The sources that settings are read from. */
export interface SettingSources {
  readonly env: Environment;
  readonly home: Found;
  /** Absolute. Reading it throws MiniTorrentError when it was removed, or is not valid UTF-8. */
  readonly directory: string;
  /** As in Settings. */
  readonly foreignRuntime?: string | undefined;
}

const OTHERS_WRITE = 0o002;
/** Everybody may make a directory there, as in /tmp. */
const STICKY = 0o1000;

/**
 * @param flags as the parser returns them; `config` names the one file to read.
 * @param labels how the user wrote a setting that is no flag of the command but an argument: '<address>'.
 * Rejects with MiniTorrentError: INVALID_ARGUMENTS, PERMISSION_DENIED, FILE_NOT_FOUND for a file that was named.
 */
export async function loadSettings(
  flags: Readonly<Record<string, unknown>> = {},
  labels: Labels = {},
  sources: SettingSources = ours(),
): Promise<Settings> {
  const places = ourPlaces(flags, sources);
  const files: ConfigFile[] = [];
  for (const path of places.configFiles) {
    const file = await readConfig(path, places.isConfigNamed);
    if (file !== undefined) files.push(file);
  }
  const settings = resolveSettings({ flags, labels, env: sources.env, files }, places);
  refuseGarbledPaths(settings);
  return { ...settings, foreignRuntime: sources.foreignRuntime };
}

/** Throws MiniTorrentError, INVALID_ARGUMENTS for a `config` that is no path. */
export function ourPlaces(flags: Readonly<Record<string, unknown>>, sources: SettingSources = ours()): Places {
  const { config } = flags;
  if (config === undefined || (typeof config === 'string' && config !== ''))
    return placesOf(sources.env, sources, config);
  throw new MiniTorrentError('INVALID_ARGUMENTS', '--config names one file; give it once, with a path');
}

/** Those config files that are there. */
export async function presentConfigs(places: Places): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (const path of places.configFiles) {
    if (await isThere(path)) present.add(path);
  }
  return present;
}

function ours(): SettingSources {
  const { env } = process;
  for (const variable of [
    'XDG_STATE_HOME',
    'XDG_RUNTIME_DIR',
    'XDG_CONFIG_HOME',
    'XDG_DOWNLOAD_DIR',
    'MTORRENT_CONFIG',
  ])
    refuseGarbled(env[variable] ?? '', variable);
  const around = {
    home: homeOf(),
    get directory(): string {
      return currentDirectory();
    },
  };
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime === undefined || !isAbsolute(runtime) || isOurs(runtime)) return Object.assign(around, { env });
  // As after `su` and `sudo`: a client of that user is not ours to use, nor may we leave a directory of ours there.
  const foreignRuntime = `XDG_RUNTIME_DIR is ${runtime}, which is no directory of this user, so no client there is used; set it to one, or name a client with --socket`;
  return Object.assign(around, { env: { ...env, XDG_RUNTIME_DIR: undefined }, foreignRuntime });
}

/** Whether this user has, or may make, a directory of its own in it. */
function isOurs(runtime: string): boolean {
  const self = process.geteuid?.();
  const found = (path: string): Stats | 'nothing' | undefined => {
    try {
      return statSync(path, { throwIfNoEntry: false }) ?? 'nothing';
    } catch (error) {
      // It may not even be looked into.
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  };
  const ours = found(join(runtime, 'mtorrent'));
  if (ours !== 'nothing') return ours?.uid === self;
  const around = found(runtime);
  return around === 'nothing' || (around !== undefined && (around.uid === self || (around.mode & STICKY) !== 0));
}

/** A default place was checked where its variable was. */
function refuseGarbledPaths({ values, origins }: Settings): void {
  for (const name of SETTING_NAMES) {
    const origin = origins[name];
    const value = origin.kind === 'default' ? undefined : values[name];
    if (typeof value === 'string') refuseGarbled(value, originText(name, origin));
  }
}

/** Undefined when there is none. */
async function readConfig(path: string, mustExist: boolean): Promise<ConfigFile | undefined> {
  let handle: FileHandle;
  try {
    // Does not wait for the writer of a named pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (!mustExist && !(await isThere(path))) return undefined;
    throw fileError(error, printable(path));
  }
  try {
    // The TOML parser is loaded only when there is something to parse.
    const { parseConfig } = await import('./toml.js');
    return { path, directory: dirname(path), entries: parseConfig(await textOf(handle, path), path) };
  } catch (error) {
    throw fileError(error, printable(path));
  } finally {
    await handle.close();
  }
}

/** A directory that this user may not enter, such as another user's HOME, counts as empty. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errnoOf(error) ?? '')) return false;
    throw fileError(error, printable(path));
  }
}

async function textOf(handle: FileHandle, path: string): Promise<string> {
  const stat = await handle.stat();
  // A character device is /dev/null: no settings at all.
  if (stat.isCharacterDevice()) return '';
  if (!stat.isFile()) throw new MiniTorrentError('NOT_A_FILE', `${printable(path)} is not a file; name a config.toml`);
  if ((stat.mode & OTHERS_WRITE) !== 0) {
    const sentence = `${printable(path)} is writable by everybody, so its settings are not used; run chmod o-w on it`;
    throw new MiniTorrentError('PERMISSION_DENIED', sentence);
  }
  if (stat.size > CONFIG_BYTES_MAX) {
    const sentence = `${printable(path)} has ${stat.size} bytes, more than the ${CONFIG_BYTES_MAX} that a config file may have; is it the right file?`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  return handle.readFile('utf8');
}

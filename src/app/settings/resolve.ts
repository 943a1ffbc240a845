// Decides which value applies for each setting, and where it comes from: flag, then environment, then config files from
// the most personal one, then the default. Every value is checked, even one that another overrides. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { nearest } from '../../foundation/base/nearest.js';
import { command } from '../../foundation/base/shell-line.js';
import { printable } from '../../foundation/torrent/names.js';
import type { PathBase } from './kinds.js';
import type { Environment, Places } from './places.js';
import { isSettingName, SETTING_NAMES, type SettingName, type SettingValues, settingOf, variableOf } from './table.js';

export type Origin =
  | { readonly kind: 'flag'; readonly label?: string }
  | { readonly kind: 'environment'; readonly variable: string }
  | { readonly kind: 'file'; readonly path: string; readonly line?: number | undefined }
  | { readonly kind: 'default' };

export interface Settings {
  /** Reading a default place throws INVALID_ARGUMENTS when it would lie in a home directory that does not exist. */
  readonly values: SettingValues;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** Why the default socket is not where XDG_RUNTIME_DIR says; absent when it is. */
  readonly foreignRuntime?: string | undefined;
}

/** What one config file says, unchecked. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly directory: string;
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigEntry {
  readonly key: string;
  readonly value: unknown;
  readonly line?: number | undefined;
}

/** What stands for a flag in an error, by setting: '<address>'. */
export type Labels = Readonly<Partial<Record<SettingName, string>>>;

export interface Sources {
  /** By name; what is no setting is somebody else's flag. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly labels?: Labels;
  readonly env: Environment;
  /** Most personal first. */
  readonly files: readonly ConfigFile[];
}

/** Of ours, and no settings. */
const OTHER_VARIABLES: readonly string[] = ['MTORRENT_CONFIG', 'MTORRENT_JOIN_FILE'];

interface Word {
  readonly name: SettingName;
  readonly raw: unknown;
  readonly origin: Origin;
  readonly base: PathBase;
}

/** Throws MiniTorrentError: INVALID_ARGUMENTS for a value that is none, or a key that is not known. */
export function resolveSettings({ flags, labels = {}, env, files }: Sources, places: Places): Settings {
  const words = [
    ...wordsOfFlags(flags, labels, places.base),
    ...wordsOfEnvironment(env, places.base),
    ...files.flatMap((file) => wordsOfFile(file, places.base)),
  ];
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  for (const word of words) {
    const value = meaningOf(word);
    if (origins[word.name] !== undefined) continue;
    values[word.name] = value;
    origins[word.name] = word.origin;
  }
  for (const name of SETTING_NAMES) {
    if (origins[name] !== undefined) continue;
    // When it is asked for: a place that nobody needs may lie in a home directory that does not exist.
    Object.defineProperty(values, name, { enumerable: true, get: () => settingOf(name).fallback(places) });
    origins[name] = { kind: 'default' };
  }
  return { values: values as SettingValues, origins: origins as Record<SettingName, Origin> };
}

/** 'config.toml line 3': where a person finds it. */
export function originText(name: SettingName, origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.label ?? `--${name}`;
    case 'environment':
      return origin.variable;
    case 'file':
      return fileText(origin.path, origin.line);
    case 'default':
      return 'default';
  }
}

function wordsOfFlags(flags: Sources['flags'], labels: Labels, base: PathBase): readonly Word[] {
  return SETTING_NAMES.flatMap((name) => {
    const raw = flags[name];
    const label = labels[name];
    const origin: Origin = label === undefined ? { kind: 'flag' } : { kind: 'flag', label };
    return raw === undefined ? [] : [{ name, raw, origin, base }];
  });
}

/** An empty variable counts as not set, as everywhere in the XDG rules. */
function wordsOfEnvironment(env: Environment, base: PathBase): readonly Word[] {
  const variables = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]));
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('MTORRENT_') || variables.has(variable) || OTHER_VARIABLES.includes(variable)) continue;
    // Other programs may use our prefix; a variable close to one of ours is a typing mistake.
    const near = nearest(
      variable.slice('MTORRENT_'.length),
      [...variables.keys()].map((each) => each.slice(9)),
    );
    if (near === undefined) continue;
    throw mistake(`the variable ${printable(variable)} is not a setting; did you mean MTORRENT_${near}?`);
  }
  return [...variables].flatMap(([variable, name]) => {
    const raw = env[variable];
    return raw === undefined || raw === '' ? [] : [{ name, raw, origin: { kind: 'environment', variable }, base }];
  });
}

function wordsOfFile({ path, directory, entries }: ConfigFile, { home }: PathBase): readonly Word[] {
  return entries.map(({ key, value, line }) => {
    if (isSettingName(key))
      return { name: key, raw: value, origin: { kind: 'file', path, line }, base: { home, directory } };
    const near = nearest(key, SETTING_NAMES);
    const hint = near === undefined ? `${command('config', 'show')} lists them all` : `did you mean ${near}?`;
    throw mistake(`${fileText(path, line)}: there is no setting "${printable(key)}"; ${hint}`);
  });
}

function meaningOf({ name, raw, origin, base }: Word): unknown {
  const { kind } = settingOf(name);
  const place = originText(name, origin);
  if (Array.isArray(raw) && origin.kind === 'flag' && kind.isList !== true)
    throw mistake(`${place} was given ${raw.length} times; give it once`);
  const value = kind.read(raw, base);
  if (value !== undefined) return value;
  const why = kind.whyNot?.(raw);
  if (why !== undefined) throw mistake(`${place}: ${why}`);
  const key = origin.kind === 'file' ? `${name} = ` : '';
  throw mistake(`${place}: ${key}${printable(rawText(raw))} is not ${kind.expects}`);
}

/** What was written, as far as TOML and the command line preserve it. */
function rawText(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function fileText(path: string, line: number | undefined): string {
  return line === undefined ? printable(path) : `${printable(path)} line ${line}`;
}

function mistake(sentence: string): MiniTorrentError {
  return new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

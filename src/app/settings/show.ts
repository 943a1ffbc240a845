// Settings and places as `mtorrent config` shows them: rows for people, objects for programs. Pure.

import { MiniTorrentError } from '../../foundation/base/errors.js';
import { printable } from '../../foundation/torrent/names.js';
import type { Places } from './places.js';
import { type Origin, originText, type Settings } from './resolve.js';
import { SETTING_NAMES, type SettingName, settingOf } from './table.js';

/** `upload-limit    10M    /home/ada/.config/mtorrent/config.toml line 3`, as a line of config.toml would say it. */
export function settingRows(settings: Settings, withOrigin: boolean): readonly string[] {
  const rows = SETTING_NAMES.map((name) => {
    const origin = withOrigin ? [originText(name, settings.origins[name])] : [];
    return [name, valueText(settings, name) ?? '-', ...origin];
  });
  return aligned(rows);
}

/** Paths, sizes and times as numbers and strings that a program need not parse; null where there is no value. */
export function settingsJson(settings: Settings, withOrigin: boolean): object {
  const entries = SETTING_NAMES.map((name) => {
    const value = known(() => settings.values[name]);
    const plain = typeof value === 'number' || typeof value === 'string' ? value : (valueText(settings, name) ?? null);
    return [name, withOrigin ? { value: plain, ...originJson(settings.origins[name]) } : plain];
  });
  return { schema: 1, settings: Object.fromEntries(entries) };
}

/** @param present those of the config files that are there. */
export function placeRows(places: Places, present: ReadonlySet<string>): readonly string[] {
  return aligned([
    ...places.configFiles.map((path) => ['config', path, present.has(path) ? 'read' : 'not there']),
    ['state', known(() => places.stateDirectory) ?? '-'],
    ['socket', known(() => places.socket) ?? '-'],
    ['downloads', known(() => places.downloadDirectory) ?? '-'],
  ]);
}

export function placesJson(places: Places, present: ReadonlySet<string>): object {
  return {
    schema: 1,
    config: places.configFiles.map((path) => ({ path, exists: present.has(path) })),
    state: known(() => places.stateDirectory) ?? null,
    socket: known(() => places.socket) ?? null,
    downloads: known(() => places.downloadDirectory) ?? null,
  };
}

function valueText({ values }: Settings, name: SettingName): string | undefined {
  const value = known(() => values[name]);
  return value === undefined ? undefined : settingOf(name).kind.show(value);
}

/** Undefined for a place that would lie in a home directory that does not exist. */
function known<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MiniTorrentError) return undefined;
    throw error;
  }
}

function originJson(origin: Origin): object {
  const { kind, ...where } = origin;
  return { from: kind, ...where };
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const shown = rows.map((cells) => cells.map(printable));
  const width = (column: number): number => Math.max(...shown.map((cells) => cells[column]?.length ?? 0));
  return shown.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
}

// `mtorrent config show` and `config paths`: what the settings of this user are, here and now.

import type { CommandOutput } from '../../foundation/base/output.js';
import { loadSettings, ourPlaces, presentConfigs } from '../settings/load.js';
import { placeRows, placesJson, settingRows, settingsJson } from '../settings/show.js';

type Flags = Readonly<Record<string, unknown>>;

/** Rejects as `loadSettings` does. */
export async function runConfigShow(flags: Flags, output: CommandOutput): Promise<number> {
  const settings = await loadSettings(flags);
  const withOrigin = flags['origin'] === true;
  if (flags['json'] === true) output.stdout(JSON.stringify(settingsJson(settings, withOrigin)));
  else for (const row of settingRows(settings, withOrigin)) output.stdout(row);
  return 0;
}

/** Also while a config file is broken. */
export async function runConfigPaths(flags: Flags, output: CommandOutput): Promise<number> {
  const places = ourPlaces(flags);
  const present = await presentConfigs(places);
  if (flags['json'] === true) output.stdout(JSON.stringify(placesJson(places, present)));
  else for (const row of placeRows(places, present)) output.stdout(row);
  return 0;
}

// Refuses a command that would touch a disk which does not answer: every word that may be a path, and where settings,
// keys and state are. Such a command could neither go on nor be ended.

import { resolve } from 'node:path';

/** A folder that is watched is looked at again and again, and may come later. */
const AWAITED = new Set(['--watch-dir', '--watch-dest']);
const HOMES = ['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR'];

/** Rejects as `refuseHungDisk` does. */
export async function refuseHungPlaces(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { refuseHungDisk } = await import('../../transfer/storage/disk/hung-disk.js');
  await refuseHungDisk(placesNamed(words, env, directoryNow()));
}

/** Absolute. @param directory undefined: it is gone, and with it what relative paths name. */
export function placesNamed(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  directory: string | undefined,
): readonly string[] {
  const named = words.flatMap((word, at) => {
    const option = word.startsWith('-') ? word.split('=', 1)[0] : words[at - 1];
    if (option !== undefined && AWAITED.has(option)) return [];
    return [word.replace(/^--[\w-]+=/, '')];
  });
  const homes = HOMES.flatMap((name) => env[name] ?? []).filter((path) => path.startsWith('/'));
  const paths = named.filter((word) => word !== '' && (directory !== undefined || word.startsWith('/')));
  return [...paths.map((path) => resolve(directory ?? '/', path)), ...homes];
}

function directoryNow(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

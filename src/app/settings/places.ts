// Where things are by the XDG rules: config files in the order in which they apply, state, the socket, downloads. A
// variable that is not an absolute path counts as unset, as the rules say. Pure: the environment is passed in.

import { isAbsolute, join } from 'node:path';
import { stateHome } from '../../foundation/base/state-home.js';
import { homeless } from '../../foundation/base/surroundings.js';
import { absolutePath, type PathBase } from './kinds.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Places {
  /** Every file that may hold settings, most personal first. */
  readonly configFiles: readonly string[];
  /** One file was named, and must be there. */
  readonly isConfigNamed: boolean;
  /** Of this user's mtorrent. Reading it throws INVALID_ARGUMENTS when it would lie in a missing home directory. */
  readonly stateDirectory: string;
  /** As `stateDirectory`. */
  readonly socket: string;
  /** As `stateDirectory`. */
  readonly identityDirectory: string;
  /** Reading it throws where there is no current directory. */
  readonly downloadDirectory: string;
  readonly base: PathBase;
}

const SYSTEM_CONFIG = '/etc/mtorrent/config.toml';

/** @param named the value of `--config`; MTORRENT_CONFIG counts when there is none. */
export function placesOf(env: Environment, base: PathBase, named?: string): Places {
  const directory = (variable: string): string | undefined => absoluteOnly(env[variable]);
  const { home } = base;
  const runtime = directory('XDG_RUNTIME_DIR');
  const config = named ?? (env['MTORRENT_CONFIG'] || undefined);
  const searched = [
    directory('XDG_CONFIG_HOME') ?? ('path' in home ? join(home.path, '.config') : undefined),
    ...(env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').filter((each) => isAbsolute(each)),
  ].flatMap((each) => (each === undefined ? [] : [join(each, 'mtorrent', 'config.toml')]));
  return {
    configFiles: config === undefined ? [...new Set([...searched, SYSTEM_CONFIG])] : [absolutePath(config, base)],
    isConfigNamed: config !== undefined,
    get stateDirectory() {
      return stateHome(env, home);
    },
    // In a directory of its own, which only its user may enter.
    get socket() {
      return join(runtime === undefined ? stateHome(env, home) : join(runtime, 'mtorrent'), 'client.sock');
    },
    get identityDirectory() {
      const config = directory('XDG_CONFIG_HOME');
      if (config !== undefined) return join(config, 'mtorrent', 'swarm');
      if ('missing' in home) throw homeless(home.missing);
      return join(home.path, '.config', 'mtorrent', 'swarm');
    },
    get downloadDirectory() {
      return directory('XDG_DOWNLOAD_DIR') ?? base.directory;
    },
    base,
  };
}

function absoluteOnly(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

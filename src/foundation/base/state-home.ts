// Where programs of this user keep what they must not lose, by the XDG rules: one directory of ours below it.

import { join } from 'node:path';
import { type Found, homeless, homeOf } from './surroundings.js';

/**
 * Absolute; not made. A relative XDG_STATE_HOME counts as unset, as the rules say. Throws INVALID_ARGUMENTS when
 * there is no home directory either.
 */
export function stateHome(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: Found = homeOf(env),
): string {
  const root = env['XDG_STATE_HOME'];
  if (root?.startsWith('/') === true) return join(root, 'mtorrent');
  if ('missing' in home) throw homeless(home.missing);
  return join(home.path, '.local', 'state', 'mtorrent');
}

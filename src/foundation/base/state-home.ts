// Where programs of this user keep what they must not lose, by the XDG rules: one directory of ours below it.

import { homedir } from 'node:os';
import { join } from 'node:path';

/** Absolute; not made. A relative XDG_STATE_HOME counts as unset, as the rules say. */
export function stateHome(env: Readonly<Record<string, string | undefined>> = process.env, home = homedir()): string {
  const root = env['XDG_STATE_HOME'];
  return join(root?.startsWith('/') === true ? root : join(home, '.local', 'state'), 'mtorrent');
}

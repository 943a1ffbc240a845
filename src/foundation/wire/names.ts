// The only door to the name server and /etc/hosts. The system answers on threads that the disk needs as well, so few
// names are asked for at a time; whoever asks waits until a deadline, however long the system takes.

import { lookup } from 'node:dns/promises';
import { deferred, within } from '../base/deferred.js';
import { errnoOf, MiniTorrentError } from '../base/errors.js';
import { LOOKUPS_MAX, LOOKUPS_WAITING_MAX, NAME_DEADLINE_MS } from './limits.js';

/** Under way or waiting, by name: who asks for the same name meanwhile gets the same answer. */
const asked = new Map<string, Promise<readonly string[]>>();
const waiting: (() => void)[] = [];
let running = 0;

/** The numeric hosts of a name, as the system prefers them; at least one. Rejects with NO_TRACKER, naming `name`. */
export async function hostsOf(name: string): Promise<readonly string[]> {
  if (!asked.has(name) && asked.size >= LOOKUPS_WAITING_MAX)
    throw failed(name, `${LOOKUPS_WAITING_MAX} other names are being looked up; the name server does not answer`);
  const known = asked.get(name) ?? ask(name);
  asked.set(name, known);
  return within(known, NAME_DEADLINE_MS, () => {
    throw failed(name, `no answer within ${NAME_DEADLINE_MS / 1_000} s; check the name server`);
  });
}

async function ask(name: string): Promise<readonly string[]> {
  if (running >= LOOKUPS_MAX) {
    const turn = deferred<void>();
    waiting.push(turn.resolve);
    await turn.promise;
  }
  running += 1;
  try {
    const answers = await lookup(name, { all: true, verbatim: true });
    const hosts = [...new Set(answers.map(({ address }) => address))].filter((host) => !host.includes('%'));
    if (hosts.length === 0) throw failed(name, 'it has no address');
    return hosts;
  } catch (error) {
    if (error instanceof MiniTorrentError) throw error;
    throw failed(name, reasonOf(errnoOf(error)));
  } finally {
    running -= 1;
    asked.delete(name);
    waiting.shift()?.();
  }
}

function reasonOf(errno: string | undefined): string {
  if (errno === 'ENOTFOUND') return 'there is no such name (ENOTFOUND); check its spelling';
  if (errno === 'EAI_AGAIN') return 'no name server answers (EAI_AGAIN); check /etc/resolv.conf, or name the address';
  return `it cannot be looked up (${errno ?? 'unknown error'}); check the name server`;
}

function failed(name: string, why: string): MiniTorrentError {
  return new MiniTorrentError('NO_TRACKER', `the host name ${name}: ${why}`);
}

// Makes a closed swarm: its root key, its first tracker and its first administrator, all in one directory. No network
// is touched; nothing that is there is overwritten.

import { hostname, userInfo } from 'node:os';
import { cardOf } from '../../foundation/identity/card.js';
import { SecretKey } from '../../foundation/identity/keys.js';
import { ROLES } from '../../foundation/identity/powers.js';
import { isMemberName, MEMBER_NAME_MAX, signStatement } from '../../foundation/identity/statement.js';
import type { TrackerList } from '../../foundation/torrent/tracker-pair.js';
import { keyFor, makeIdentityDirectory, rootKeyPath, writeCard, writeSwarmFile } from './identity-directory.js';
import { makeKeyFile, readKeyFile } from './key-file.js';
import { FIRST_CARD_LIFE_S } from './limits.js';
import type { SwarmFile } from './swarm-file.js';

export interface NewSwarm {
  readonly name: string;
  readonly trackers: TrackerList;
  /** Of the first administrator and of the first tracker; as `isMemberName` wants them. */
  readonly member: string;
  readonly tracker: string;
  /** Undefined: a new one is made and lies with the identity. */
  readonly root: SecretKey | undefined;
  /** Where the tracker's key lies, if not with the identity. */
  readonly trackerDirectory: string | undefined;
}

/** Rejects with MiniTorrentError; what was written by then is used by the next try. @param nowS seconds since 1970. */
export async function makeSwarm(directory: string, swarm: NewSwarm, nowS: number): Promise<void> {
  const { name, trackers, member, tracker, trackerDirectory = directory } = swarm;
  await makeIdentityDirectory(directory);
  if (trackerDirectory !== directory) await makeIdentityDirectory(trackerDirectory);
  const root = swarm.root ?? (await rootFor(directory));
  const trackerKey = await keyFor(trackerDirectory, 'tracker', () => SecretKey.generate());
  const memberKey = await keyFor(directory, 'client', () => SecretKey.generate());
  const isTracker = { kind: 'tracker', powers: ROLES.tracker, name: tracker, saidAtS: nowS, goodUntilS: 0 } as const;
  const first = signStatement({ ...isTracker, key: trackerKey.publicKey }, root.publicKey, root);
  const isMember = { kind: 'member', powers: ROLES.admin, name: member, saidAtS: nowS } as const;
  const second = signStatement(
    { ...isMember, key: memberKey.publicKey, goodUntilS: nowS + FIRST_CARD_LIFE_S },
    root.publicKey,
    trackerKey,
  );
  const file: SwarmFile = { name, root: root.publicKey, trackers };
  await writeCard(trackerDirectory, 'tracker', cardOf(first));
  await writeCard(directory, 'client', cardOf(first, second));
  if (trackerDirectory !== directory) await writeSwarmFile(trackerDirectory, file);
  await writeSwarmFile(directory, file);
}

async function rootFor(directory: string): Promise<SecretKey> {
  const path = rootKeyPath(directory);
  const before = await readKeyFile(path);
  if (before !== undefined) return before;
  const root = SecretKey.generate();
  await makeKeyFile(path, root);
  return root;
}

/** ada@node1: this user on this machine, of the characters that names have. */
export function ownMemberName(): string {
  return fitName(`${userName()}@${ownMachineName()}`);
}

export function ownMachineName(): string {
  return fitName(hostname().split('.')[0] ?? '');
}

/** Any text becomes a name. */
export function fitName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9._@-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, MEMBER_NAME_MAX);
  return isMemberName(plain) ? plain : 'member';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that nobody has registered.
    return `user${process.geteuid?.() ?? ''}`;
  }
}

// `mtorrent swarm init` and `swarm enroll`: a swarm is made on this machine; an identity is made for others.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command, shellLine } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { keyIdOf, shortName } from '../../../foundation/identity/keys.js';
import { ROLES } from '../../../foundation/identity/powers.js';
import { isMemberName } from '../../../foundation/identity/statement.js';
import { addressFrom } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { checkPair } from '../../../foundation/torrent/tracker-pair.js';
import { identityFilesIn, readSwarmFile, rootKeyPath, setAside } from '../../identity/identity-directory.js';
import { joinSwarm, makeIdentityRoom } from '../../identity/joining.js';
import { readKeyFile } from '../../identity/key-file.js';
import { makeSwarm, ownMachineName, ownMemberName } from '../../identity/making.js';
import type { Settings } from '../../settings/resolve.js';
import { terminal } from '../context.js';
import { closeHome } from './home.js';
import { administrator } from './identity.js';
import type { MEMBER_ROLES } from './roles.js';
import { nowS } from './words.js';

interface InitArguments {
  readonly name?: string | undefined;
  readonly tracker1?: string | undefined;
  readonly tracker2?: string | undefined;
  readonly home: boolean;
  readonly nameMe?: string | undefined;
  readonly rootKey?: string | undefined;
  readonly trackerIdentity?: string | undefined;
  readonly replace: boolean;
}

interface EnrollArguments {
  readonly name: string;
  readonly role: string;
  readonly out: string;
}

/** An invitation that is used at once. */
const ENROLL_S = 600;

export async function runInit(args: InitArguments, settings: Settings): Promise<number> {
  if (args.home) return closeHome(settings);
  const { name, tracker1, tracker2 } = args;
  if (name === undefined || tracker1 === undefined || tracker2 === undefined) {
    const sentence = `name the swarm and both of its trackers: ${command('swarm', 'init', 'lab', '192.0.2.11:7001', '192.0.2.12:7001')}`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  checkName(name);
  const trackers = checkPair(
    addressFrom(tracker1, "a tracker's address"),
    addressFrom(tracker2, "a tracker's address"),
  );
  const member = args.nameMe ?? ownMemberName();
  checkName(member);
  const directory = settings.values.identity;
  const trackerDirectory = args.trackerIdentity === undefined ? undefined : absolutePathOf(args.trackerIdentity);
  await makeRoom(directory, args.replace);
  const root = args.rootKey === undefined ? undefined : await namedRoot(absolutePathOf(args.rootKey));
  await makeSwarm(directory, { name, trackers, member, tracker: ownMachineName(), root, trackerDirectory }, nowS());
  const output = terminal();
  output.stdout(`swarm ${name} is made; this user is its administrator ${member}, and may run its first tracker`);
  if (root === undefined)
    output.stdout(
      `its root key lies in ${printable(rootKeyPath(directory))}: ${command('swarm', 'root', 'show')}, keep it elsewhere, ${command('swarm', 'root', 'remove')}`,
    );
  for (const line of nextLines(tracker1, tracker2, trackerDirectory)) output.stderr(line);
  return 0;
}

export async function runEnroll({ name, role, out }: EnrollArguments, settings: Settings): Promise<number> {
  checkName(name);
  const directory = absolutePathOf(out);
  const { identity, questions } = await administrator(settings);
  const powers = ROLES[role as (typeof MEMBER_ROLES)[number]];
  // An invitation that nobody uses is one that somebody may find.
  await makeIdentityRoom(identity.root, 'client', { directory, name, replace: false });
  const secret = await questions.invite({ powers, uses: 1, seconds: ENROLL_S });
  const { root, trackers } = identity;
  const { said } = await joinSwarm(
    { root, secret, trackers, isForTracker: false },
    { directory, name, replace: false },
  );
  const output = terminal();
  output.stdout(`${printable(directory)} is the identity of ${role} ${said.name} in swarm ${identity.swarm}`);
  output.stderr(`whoever has its files is ${said.name}; to end them all: ${command('swarm', 'ban', said.name)}`);
  const made = shellLine('kubectl', 'create', 'secret', 'generic', 'mtorrent', `--from-file=${out}`);
  output.stderr(`as a secret of Kubernetes: ${made}`);
  return 0;
}

/** Throws ALREADY_EXISTS when this machine belongs to a swarm. */
async function makeRoom(directory: string, replace: boolean): Promise<void> {
  const swarm = await readSwarmFile(directory);
  if (swarm === undefined) return;
  if (!replace) {
    const sentence = `this machine belongs to swarm ${swarm.name} (${printable(directory)}); keep its files aside with --replace, or name another directory with --identity`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  const aside = await setAside(directory, await identityFilesIn(directory), shortName(keyIdOf(swarm.root)));
  terminal().stderr(`the files of swarm ${swarm.name} are in ${printable(aside)}`);
}

async function namedRoot(path: string): Promise<NonNullable<Awaited<ReturnType<typeof readKeyFile>>>> {
  const root = await readKeyFile(path);
  if (root !== undefined) return root;
  throw new MiniTorrentError(
    'FILE_NOT_FOUND',
    `${printable(path)} does not exist; name a file with an Ed25519 key in PEM`,
  );
}

function nextLines(first: string, second: string, trackerDirectory: string | undefined): readonly string[] {
  const words = trackerDirectory === undefined ? [] : ['--identity', trackerDirectory];
  return [
    `next, start the tracker of this machine: ${command('tracker', ...words, first, second, 'seeders.db', 'tracker.log')}`,
    `then let the second one in: ${command('swarm', 'invite', '--role', 'tracker')}`,
  ];
}

function checkName(name: string): void {
  if (isMemberName(name)) return;
  const sentence = `"${printable(name)}" is no name; take a-z, 0-9, . _ @ and -, a letter or digit first, 64 at most`;
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

// `mtorrent join` and `mtorrent leave`: takes an invitation from wherever it is given, and says what this machine is
// afterwards.

import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { type Invitation, parseInvitation } from '../../../foundation/identity/invitation.js';
import { keyIdOf, shortName } from '../../../foundation/identity/keys.js';
import { roleName } from '../../../foundation/identity/powers.js';
import { GRANT_PREFIX, parseTrackerGrant } from '../../../foundation/identity/root-lines.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { identityFilesIn, readNamedFile, readSwarmFile, rootKeyPath } from '../../identity/identity-directory.js';
import {
  type Joined,
  type JoinWish,
  joinSwarm,
  removeIdentity,
  takeGrant,
  wishForTracker,
} from '../../identity/joining.js';
import { fitName, ownMachineName, ownMemberName } from '../../identity/making.js';
import { readVouching } from '../../identity/other-authority.js';
import type { Settings } from '../../settings/resolve.js';
import { terminal } from '../context.js';
import { askUnseen, readStandardInput } from '../unseen.js';

interface JoinArguments {
  readonly invitation?: string | undefined;
  readonly name?: string | undefined;
  readonly replace: boolean;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export async function runJoin(args: JoinArguments, settings: Settings): Promise<number> {
  const line = lineIn(await invitationText(args.invitation));
  const directory = settings.values.identity;
  const output = terminal();
  if (line.toLowerCase().startsWith(GRANT_PREFIX)) {
    for (const said of joinedLines(await takeGrant(parseTrackerGrant(line), directory), 'tracker')) output.stdout(said);
    return 0;
  }
  const invitation = parseInvitation(line);
  const { replace, name } = args;
  const { isForTracker } = invitation;
  const vouching = await vouchingOf(args, invitation);
  const fitting = fitName(name ?? (isForTracker ? ownMachineName() : ownMemberName()));
  const wish = { directory, replace, name: fitting, vouching };
  const part = isForTracker ? 'tracker' : 'client';
  const joined = isForTracker && hasNoSecret(invitation) ? undefined : await joinedOrRootless(invitation, wish);
  if (joined === undefined) return askForRoot(invitation, wish);
  for (const said of joinedLines(joined, part)) output.stdout(said);
  return 0;
}

/** Undefined: it is for a tracker, and no tracker has the root key that this needs. */
async function joinedOrRootless(invitation: Invitation, wish: JoinWish): Promise<Joined | undefined> {
  try {
    return await joinSwarm(invitation, wish);
  } catch (error) {
    const isRootless = error instanceof MiniTorrentError && error.code === 'TRACKER_REFUSED' && invitation.isForTracker;
    if (isRootless) return undefined;
    throw error;
  }
}

/** Undefined: the invitation's secret is what lets this machine in, or the root. */
async function vouchingOf({ cert, key }: JoinArguments, invitation: Invitation): Promise<JoinWish['vouching']> {
  const isByCa = hasNoSecret(invitation) && !invitation.isForTracker;
  if (isByCa && cert !== undefined && key !== undefined) return readVouching(absolutePathOf(cert), absolutePathOf(key));
  if (!isByCa && cert === undefined && key === undefined) return undefined;
  const sentence = isByCa
    ? 'this line lets in whom another authority vouches for; name its certificate and key: --cert FILE --key FILE'
    : 'this invitation lets this machine in by itself; leave out --cert and --key, or ask for a line that `swarm invite --by-ca` prints';
  throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
}

/** Made where no tracker has the root key, or for machines that another authority vouches for. */
function hasNoSecret({ secret }: Invitation): boolean {
  return secret.every((byte) => byte === 0);
}

async function askForRoot(invitation: Invitation, wish: JoinWish): Promise<number> {
  const output = terminal();
  const request = await wishForTracker(invitation, wish);
  output.stderr('this machine has a key for a tracker; let the root sign it, where the root key is, with:');
  output.stdout(command('swarm', 'root', 'sign', request));
  output.stderr(`then run here what that prints: ${command('join', 'mtgrant1...')}`);
  return 0;
}

export async function runLeave(settings: Settings): Promise<number> {
  const directory = settings.values.identity;
  const files = await identityFilesIn(directory);
  if (files.length === 0) {
    const sentence = `this machine belongs to no closed swarm (there is no identity in ${printable(directory)})`;
    throw new MiniTorrentError('NOT_ADMITTED', sentence);
  }
  if (files.includes('root.key')) {
    const sentence = `the root key of this swarm lies in ${printable(rootKeyPath(directory))}, and would be lost; keep it elsewhere and delete it here first: ${command('swarm', 'root', 'show')}, then ${command('swarm', 'root', 'remove')}`;
    throw new MiniTorrentError('ALREADY_EXISTS', sentence);
  }
  const swarm = (await readSwarmFile(directory))?.name ?? 'it had not joined whole';
  await removeIdentity(directory);
  terminal().stdout(
    `left swarm ${swarm}: the keys of this machine are deleted; programs that run keep theirs until they end`,
  );
  return 0;
}

/** From the argument, standard input, the file that MTORRENT_JOIN_FILE names, or a person. */
async function invitationText(named: string | undefined): Promise<string> {
  if (named === '-') return readStandardInput();
  if (named !== undefined) return named;
  const file = process.env['MTORRENT_JOIN_FILE'];
  if (file !== undefined && file !== '') return readNamedFile(file);
  return askUnseen(
    'invitation (it is not shown): ',
    `there is no terminal to ask for the invitation; write ${command('join', 'mtj1...')}, or ${command('join', '-')} to read it from standard input`,
  );
}

/** The line alone, where a person pasted the whole command. */
function lineIn(text: string): string {
  return text.trim().replace(/^(mtorrent\s+)?join\s+/i, '');
}

function joinedLines({ swarm, root, trackers, said, replaced }: Joined, part: 'client' | 'tracker'): readonly string[] {
  const role = part === 'tracker' ? 'tracker' : roleName(said.powers);
  const [first, second] = trackers.map(formatAddress);
  return [
    `joined swarm ${swarm} as ${role} ${said.name} (root ${shortName(keyIdOf(root))}); its trackers are ${first} and ${second}`,
    ...(replaced === undefined ? [] : [`the files of the swarm before it are in ${printable(replaced)}`]),
  ];
}

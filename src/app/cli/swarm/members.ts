// `mtorrent swarm invite`, `members`, `ban` and `unban`: what an administrator asks the trackers, and how the answer is
// shown.

import type { MemberRow, Terms, Told } from '../../../client/administration/questions.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { formatInvitation } from '../../../foundation/identity/invitation.js';
import { shortName } from '../../../foundation/identity/keys.js';
import { INVITATION_SECRET_SIZE } from '../../../foundation/identity/limits.js';
import { isRole, ROLES, roleName } from '../../../foundation/identity/powers.js';
import { trackerProof } from '../../../foundation/identity/tracker-proof.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { readRootKey } from '../../identity/identity-directory.js';
import { parseDuration } from '../../settings/durations.js';
import type { Settings } from '../../settings/resolve.js';
import { terminal } from '../context.js';
import { type Asking, administrator, swarmDirectory } from './identity.js';
import { rootKeyIn } from './root-key.js';
import { agoText, nowS, timeText } from './words.js';

interface InviteArguments {
  readonly role: string;
  readonly uses: number;
  readonly for: string;
  readonly byCa: boolean;
  readonly rootKey?: string | undefined;
}

const DAY_S = 86_400;
const INVITATION_LIFE_MAX_S = 30 * DAY_S;
const INVITATION_USES_MAX = 10_000;

export async function runInvite(args: InviteArguments, settings: Settings): Promise<number> {
  const { role, uses } = args;
  const seconds = secondsOf(args.for);
  if (!isRole(role)) throw new MiniTorrentError('INVALID_ARGUMENTS', `"${printable(role)}" is no role`);
  if (!Number.isInteger(uses) || uses < 1 || uses > INVITATION_USES_MAX)
    throw new MiniTorrentError('INVALID_ARGUMENTS', `--uses is a whole number from 1 to ${INVITATION_USES_MAX}`);
  const asking = await administrator(settings);
  const { root, trackers } = asking.identity;
  if (args.byCa) return inviteByCa(asking);
  const isForTracker = role === 'tracker';
  const terms = { powers: ROLES[role], uses, seconds };
  const secret = isForTracker
    ? await trackerSecret(asking, terms, args, settings)
    : await asking.questions.invite(terms);
  const output = terminal();
  output.stdout(command('join', formatInvitation({ root, secret: secret ?? NO_SECRET, trackers, isForTracker })));
  output.stderr(
    secret === undefined
      ? 'the root key is not beside a tracker: joining prints what the root has to sign'
      : goodText(uses, seconds),
  );
  return 0;
}

/** Its trackers say what whoever comes may do. */
function inviteByCa({ identity: { root, trackers } }: Asking): number {
  const output = terminal();
  const line = formatInvitation({ root, secret: NO_SECRET, trackers, isForTracker: false });
  output.stdout(`${command('join', line)} --cert FILE --key FILE`);
  output.stderr('good for every machine with a certificate of the authority that a tracker has in --join-ca');
  return 0;
}

/** Stands where joining goes by the root's signature alone. */
const NO_SECRET = new Uint8Array(INVITATION_SECRET_SIZE);

/** Undefined where no tracker has the root key beside it. */
async function trackerSecret(
  { identity, credentials, questions }: Asking,
  terms: Terms,
  { rootKey }: InviteArguments,
  settings: Settings,
): Promise<Uint8Array | undefined> {
  const signer =
    rootKey === undefined
      ? await readRootKey(await swarmDirectory(settings))
      : await rootKeyIn(absolutePathOf(rootKey), identity.root);
  if (signer === undefined) return undefined;
  try {
    return await questions.invite({ ...terms, proof: trackerProof(identity.root, credentials.id, signer) });
  } catch (error) {
    if (error instanceof MiniTorrentError && error.code === 'TRACKER_REFUSED') return undefined;
    throw error;
  }
}

/** 'good once, until 15:05'. */
function goodText(uses: number, seconds: number): string {
  return `good ${uses === 1 ? 'once' : `for ${uses} machines`}, until ${timeText(nowS() + seconds)}`;
}

export async function runMembers(json: boolean, settings: Settings): Promise<number> {
  const { questions } = await administrator(settings);
  const members = await questions.members();
  const output = terminal();
  if (json) output.stdout(JSON.stringify({ schema: 1, members: members.map(memberJson) }));
  else for (const line of memberLines(members)) output.stdout(line);
  return 0;
}

export async function runBan(member: string, isBanned: boolean, settings: Settings): Promise<number> {
  const { questions } = await administrator(settings);
  const { id, name } = whichMember(member, await questions.members());
  const beganMs = performance.now();
  const told = await questions.ban(id, isBanned);
  const seconds = (performance.now() - beganMs) / 1000;
  const output = terminal();
  output.stdout(`${name} (${shortName(id)}) is ${isBanned ? 'banned' : 'banned no more'}: ${toldText(told, seconds)}`);
  for (const { tracker, failure } of told)
    if (failure !== undefined) output.stderr(`${formatAddress(tracker)}: ${printable(failure.message)}`);
  return 0;
}

/** 'both trackers know; 412 clients were told, in 0.4 s'. */
export function toldText(told: readonly Told[], seconds: number): string {
  const clients = told.reduce((sum, each) => sum + (each.clients ?? 0), 0);
  const were = `${clients} ${clients === 1 ? 'client was' : 'clients were'} told, in ${seconds.toFixed(1)} s`;
  const away = told.filter(({ failure }) => failure !== undefined);
  if (away.length === 0) return `both trackers know; ${were}`;
  const names = away.map(({ tracker }) => formatAddress(tracker)).join(' and ');
  return `${were}; ${names} does not answer: it is told when it is back`;
}

/** By its whole name, or by the first letters of its key. Throws MiniTorrentError, NOT_LISTED. */
export function whichMember(text: string, members: readonly MemberRow[]): MemberRow {
  const named = members.filter(({ name }) => name === text);
  const found = named.length > 0 ? named : members.filter(({ id }) => shortName(id).startsWith(text.toLowerCase()));
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return first;
  if (first === undefined) {
    const sentence = `no member is called "${printable(text)}", and no key begins with it; ${command('swarm', 'members')} shows them all`;
    throw new MiniTorrentError('NOT_LISTED', sentence);
  }
  const keys = found.map(({ id }) => shortName(id)).join(', ');
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `"${printable(text)}" may be several members: ${keys}; name one by its key`,
  );
}

export function memberLines(members: readonly MemberRow[]): readonly string[] {
  if (members.length === 0) return ['no members yet'];
  const rows = [
    ['name', 'key', 'role', 'admitted by', 'seen', 'from'],
    ...members.map(({ name, id, powers, by, isBanned, seenSecondsAgo, address }) => [
      name,
      shortName(id),
      isBanned ? 'banned' : roleName(powers),
      shortName(by),
      agoText(seenSecondsAgo),
      printable(address),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function memberJson({ name, id, powers, by, isBanned, seenSecondsAgo, address }: MemberRow): object {
  return {
    ...{ name, key: shortName(id), id, role: roleName(powers), by: shortName(by) },
    ...{ banned: isBanned, seenSecondsAgo: seenSecondsAgo ?? null, address },
  };
}

function secondsOf(text: string): number {
  const ms = parseDuration(text);
  const seconds = ms === undefined ? 0 : Math.floor(ms / 1000);
  if (seconds >= 60 && seconds <= INVITATION_LIFE_MAX_S) return seconds;
  throw new MiniTorrentError(
    'INVALID_ARGUMENTS',
    `--for ${printable(text)} is no time from 1m to 30d; write 1h or 24h`,
  );
}

// What every command shares: how it hands its work to the parser, the terminal it writes to, its settings, and the
// client that runs in the background. Loads nothing that a command may not need.

import fs from 'node:fs';
import { lstat } from 'node:fs/promises';
import { exitCodeOf } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { journalPrefix } from '../../foundation/base/journal.js';
import { SOCKET_PATH_BYTES_MAX } from '../../foundation/base/limits.js';
import type { CommandOutput } from '../../foundation/base/output.js';
import { command } from '../../foundation/base/shell-line.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { printable } from '../../foundation/torrent/names.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';
import type { SettingName } from '../settings/table.js';

/** Takes the work of the command that was typed; it starts when the line is parsed, and resolves to the exit code. */
export type RunCommand = (work: () => Promise<number>) => void;

/** Options and arguments by name, as the parser returns them. */
export type ParsedArguments = Readonly<Record<string, unknown>>;

export function terminal(): CommandOutput {
  return {
    stdout: (line) => void process.stdout.write(`${line}\n`),
    stderr: (line) => void process.stderr.write(`${line}\n`),
    progress: process.stderr.isTTY === true ? (text) => void process.stderr.write(`\r\u001b[K${text}`) : undefined,
  };
}

/** @param labels how the user wrote settings that are arguments of the command, not flags: '<address>'. */
export async function settingsOf(
  args: ParsedArguments,
  labels: Readonly<Partial<Record<SettingName, string>>> = {},
): Promise<Settings> {
  const { loadSettings } = await import('../settings/load.js');
  const isOpen = args['open'] === true;
  const settings = await (isOpen
    ? loadSettings({ ...args, swarm: 'open' }, { ...labels, swarm: '--open' })
    : loadSettings(args, labels));
  const { withSwarmTrackers } = await import('../identity/swarm-trackers.js');
  return withSwarmTrackers(settings);
}

/**
 * The client of this user that runs in the background; undefined when there is none. The caller closes it. Rejects as
 * `attachToClient` does when one runs but cannot be used.
 * @param tell gets the reason when the environment names a client of another user, which is not used unless --socket
 * names it.
 */
export async function backgroundClient(
  settings: Settings,
  tell: (sentence: string) => void,
): Promise<SwarmClient | undefined> {
  const socket = findableSocket(settings);
  // Nobody can listen at a path that is too long for a socket.
  if (socket === undefined || Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX) return undefined;
  const foreign = await foreignClient(settings, socket);
  const { attachToClient } = await import('../attach/connection.js');
  const client = foreign === undefined ? await attachToClient(socket) : undefined;
  client?.actAs(() => credentialsFor(client, settings));
  const why = foreign ?? foreignDirectory(settings);
  if (client === undefined && why !== undefined) tell(why);
  return client;
}

/** Undefined without a home directory that the default socket could be in: no client of this user is there either. */
function findableSocket({ values, origins }: Settings): string | undefined {
  try {
    return values.socket;
  } catch (error) {
    if (error instanceof MiniTorrentError && origins.socket.kind === 'default') return undefined;
    throw error;
  }
}

/** Why the default socket is not where XDG_RUNTIME_DIR says; undefined when it is, or when a socket was named. */
export function foreignDirectory({ origins, foreignRuntime }: Settings): string | undefined {
  return origins.socket.kind === 'default' ? foreignRuntime : undefined;
}

/** Why the client at the default socket is not used; undefined when it is this user's, or when a socket was named. */
async function foreignClient({ origins }: Settings, socket: string): Promise<string | undefined> {
  if (origins.socket.kind !== 'default') return undefined;
  const { socketOwner } = await import('../attach/connection.js');
  const owner = await socketOwner(socket);
  return owner === undefined || owner === process.geteuid?.()
    ? undefined
    : `the client at ${printable(socket)} belongs to user ${owner}, so it is not used; name it with --socket to use it all the same`;
}

/** As `backgroundClient`, but rejects with NOT_RUNNING when there is none. */
export async function runningClient(settings: Settings): Promise<SwarmClient> {
  const { values } = settings;
  const { usableSocketPath } = await import('../attach/socket-path.js');
  const { attachToClient } = await import('../attach/connection.js');
  const socket = usableSocketPath(values.socket);
  const foreign = await foreignClient(settings, socket);
  const client = foreign === undefined ? await attachToClient(socket) : undefined;
  client?.actAs(() => credentialsFor(client, settings));
  if (client !== undefined) return client;
  const why = foreign ?? foreignDirectory(settings);
  if (why !== undefined) throw new MiniTorrentError('NOT_RUNNING', why);
  const found = await lstat(socket).catch(() => undefined);
  if (found?.isSocket() === false)
    throw new MiniTorrentError(
      'NOT_RUNNING',
      `${printable(socket)} is not a socket; name that of a client with --socket`,
    );
  throw new MiniTorrentError(
    'NOT_RUNNING',
    `no client is running in the background (nothing listens at ${printable(values.socket)}); start one with: ${command('daemon', '--detach', ...socketWords(settings))}`,
  );
}

/** Who this machine is at the trackers of a client in the background. */
async function credentialsFor({ facts }: SwarmClient, settings: Settings): Promise<Credentials | undefined> {
  const { membershipAt, membershipOf } = await import('./membership.js');
  const { addressFrom } = await import('../../foundation/torrent/address.js');
  const trackers = facts.trackers.map((tracker) => addressFrom(tracker, 'a tracker'));
  return (await membershipAt(trackers, await membershipOf(settings, 'client'), settings)).credentials;
}

/** The option that finds the client of these settings again; none when nobody named its socket. */
export function socketWords({ values, origins }: Settings): readonly string[] {
  return origins.socket.kind === 'default' ? [] : ['--socket', values.socket];
}

/** Says on stderr why a client ended by itself; returns the exit code. */
export function cannotContinue(error: unknown): number {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${journalPrefix('error')}the client cannot continue: ${why}; see its log file\n`);
  return exitCodeOf(error instanceof MiniTorrentError ? error.code : 'INTERNAL');
}

const STANDARD_STREAMS = [0, 1, 2];

/**
 * For a terminal that was closed. Node resets terminals when it exits, and aborts on one that answers EIO, so our
 * descriptors become /dev/null first. Call it last: a file that another thread opens at that moment would take the
 * descriptor.
 */
export function letGoOfTerminal(): void {
  for (const fd of STANDARD_STREAMS) {
    if (!fs.fstatSync(fd).isCharacterDevice()) continue;
    fs.closeSync(fd);
    // Takes the lowest free number: this one.
    fs.openSync('/dev/null', 'r+');
  }
}

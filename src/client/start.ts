// Starts a client: state directory, lock, log, library, identity, in that order. When a step fails, those before it are
// undone.

import { join } from 'node:path';
import { type Log, type LogFile, openLog } from '../foundation/base/log.js';
import { lockDirectory } from '../transfer/storage/lock/lock.js';
import { ClientActor } from './actor.js';
import { sweepCopies } from './disk-jobs/own-copies.js';
import type { Client, ClientOptions } from './options.js';
import { loadLibrary } from './state/journal.js';
import { nextIdentity, openStateDirectory, sweepState } from './state/library.js';
import { placeOf } from './state/state-place.js';

export interface StartOptions extends ClientOptions {
  /** Gets the reason when the start takes longer, because another machine may still use the state directory. */
  readonly onWait?: ((sentence: string) => void) | undefined;
}

/**
 * Rejects with MiniTorrentError: STATE_DAMAGED, ALREADY_RUNNING, PORT_IN_USE, ADDRESS_UNUSABLE, PERMISSION_DENIED, …
 */
export async function startClient(options: StartOptions): Promise<Client> {
  const paths = await openStateDirectory(options.stateDir);
  const lock = await lockDirectory(paths.directory, { onWait: options.onWait });
  let logFile: LogFile | undefined;
  try {
    await sweepState(paths);
    logFile = openLog(options.log, 'main');
    const { entries, journal } = await loadLibrary(paths);
    await sweepCopies(paths.copies, entries);
    const { identity, isCopy } = await nextIdentity(paths.identity, await placeOf(paths.directory));
    const member = await memberOf(options, logFile.log.of('member'));
    const state = { paths, identity, entries, journal, keeper: member?.keeper };
    const actor = new ClientActor(options, state, logFile, lock);
    return await actor.start([...(isCopy ? [copiedState(paths.directory)] : []), ...(member?.notices ?? [])]);
  } catch (error) {
    logFile?.close();
    await lock.release();
    throw error;
  }
}

/** Before anybody is dialed: who is shut out stays so without a tracker. */
async function memberOf({ credentials, stateDir, swarmDir }: StartOptions, log: Log) {
  if (credentials === undefined) return undefined;
  const { loadMemberState, memberDirectory } = await import('./state/member-state.js');
  const { MemberKeeper } = await import('./state/member-keeper.js');
  const directory = memberDirectory(swarmDir ?? join(stateDir, 'swarm'), credentials);
  const { sentences: notices } = await loadMemberState(directory, credentials);
  return { keeper: new MemberKeeper({ credentials, directory, log }), notices };
}

function copiedState(directory: string): string {
  return `${directory} comes from another machine or another path, so this client has taken an identity of its own; the client that it was copied from keeps the former one`;
}

// Measures everything that the doctor looks at, each step with its own deadline. The network comes before the disks and
// the processor, so that how long a tracker needs is not the doing of the doctor itself. Judges nothing.

import { deferred, within } from '../../foundation/base/deferred.js';
import { errnoOf } from '../../foundation/base/errors.js';
import { isLoopback, isWildcard } from '../../foundation/base/hosts.js';
import { hostsHere } from '../../foundation/base/interfaces.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import { type Address, formatAddress } from '../../foundation/torrent/address.js';
import { closedPassage } from '../../foundation/wire/tls.js';
import { closedServer, dial } from '../../foundation/wire/transport.js';
import { TRACKER_WIRE } from '../../tracking/tracker/messages.js';
import { cardFactOf } from './card-fact.js';
import type { Facts, UploadFact } from './facts.js';
import { DOCTOR_STEP_DEADLINE_MS } from './limits.js';
import { type Place, probeDisks, probeMachine, probeOpenFiles } from './machine-probe.js';
import { probeTracker, type TrackerQuestion } from './tracker-probe.js';

export interface ProbeOptions {
  /** Where a client listens, or would listen; undefined: not probed. */
  readonly upload: { readonly address: Address; readonly isOurs: boolean } | undefined;
  /** What the client advertises in place of that address. */
  readonly advertise?: { readonly host: string | undefined; readonly port: number } | undefined;
  readonly trackers: readonly Pick<TrackerQuestion, 'address' | 'swarm'>[];
  readonly places: readonly Place[];
  /** Of this machine in a closed swarm; undefined: trackers are asked in the clear. */
  readonly credentials?: Credentials | undefined;
  readonly runningDownloads: number;
}

export type Measured = Omit<Facts, 'downloads' | 'troubles' | 'refusals' | 'threads' | 'reach' | 'outside'>;

/** Ends within twice DOCTOR_STEP_DEADLINE_MS and a little. Never rejects for what it finds. */
export async function probe(options: ProbeOptions): Promise<Measured> {
  const { upload, places, runningDownloads, credentials } = options;
  const passage = credentials === undefined ? undefined : closedPassage(credentials, TRACKER_WIRE);
  const ownHost = upload?.isOurs === true && !isWildcard(upload.address.host) ? upload.address.host : undefined;
  const uploadPort = options.advertise?.port ?? upload?.address.port ?? 0;
  const listedHost = options.advertise === undefined ? ownHost : options.advertise.host;
  const [uploadFact, trackers] = await Promise.all([
    upload === undefined ? undefined : probeUpload(upload.address, upload.isOurs),
    Promise.all(options.trackers.map((tracker) => probeTracker({ ...tracker, ownHost, uploadPort, passage }))),
  ]);
  const [disks, machine, openFiles] = await Promise.all([
    probeDisks(places),
    probeMachine(),
    probeOpenFiles(runningDownloads),
  ]);
  const card = credentials === undefined ? undefined : cardFactOf(credentials, Math.floor(Date.now() / 1000));
  return { card, upload: uploadFact, ownHost: listedHost, trackers, disks, machine, openFiles };
}

async function probeUpload(address: Address, isOurs: boolean): Promise<UploadFact> {
  if (isOurs && isGone(address.host)) return { address: formatAddress(address), isOurs, state: { kind: 'gone' } };
  const beganMs = performance.now();
  const errno = await within(connectTo(address), DOCTOR_STEP_DEADLINE_MS, () => 'ETIMEDOUT');
  const tookMs = performance.now() - beganMs;
  const say = (state: UploadFact['state']): UploadFact => ({ address: formatAddress(address), isOurs, state });
  if (errno === undefined) return say({ kind: 'answers', tookMs });
  if (isOurs) return say({ kind: 'failed', errno });
  const why = await within(listenAt(address), DOCTOR_STEP_DEADLINE_MS, () => 'ETIMEDOUT');
  return say(why === undefined ? { kind: 'free' } : { kind: 'failed', errno: why });
}

/** Interfaces can be asked for, and none has it. */
function isGone(host: string): boolean {
  const here = hostsHere();
  return here !== undefined && !isWildcard(host) && !isLoopback(host) && !here.includes(host);
}

/** The error; undefined when somebody answers. */
async function connectTo({ host, port }: Address): Promise<string | undefined> {
  const end = deferred<string | undefined>();
  const target = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const socket = dial({ host: target, port }, { timeoutMs: DOCTOR_STEP_DEADLINE_MS });
  socket.once('connect', () => end.resolve(undefined));
  socket.once('timeout', () => end.resolve('ETIMEDOUT'));
  socket.once('error', (error) => end.resolve(errnoOf(error) ?? 'EIO'));
  try {
    return await end.promise;
  } finally {
    socket.destroy();
  }
}

/** The error; undefined when it works. */
async function listenAt({ host, port }: Address): Promise<string | undefined> {
  const server = closedServer();
  try {
    await server.listen({ host, port });
  } catch (error) {
    return errnoOf(error) ?? 'EIO';
  }
  await server.close();
  return undefined;
}

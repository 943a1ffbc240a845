// Decides whose a claim is: the small file beside a `.part` that names its writer. A writer of this kernel and pid
// namespace is looked up by its process; of any other one it is only known whether it writes the claim again. Pure.

import { type Holder, nameOf } from '../../../foundation/base/holder.js';
import { command } from '../../../foundation/base/shell-line.js';

export interface Claim extends Holder {
  /** Of this claim, and of no other one. */
  readonly run: string;
  /** When its process started, as the kernel counts; tells it from a later one of the same pid. Empty: not known. */
  readonly started: string;
  /** Where a client in the background is reached; empty for any other. */
  readonly socket: string;
  /** Grows while its holder lives. */
  readonly beat: number;
}

const CLAIM_VERSION = 1;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

export function formatClaim(claim: Claim): string {
  return `${JSON.stringify({ version: CLAIM_VERSION, ...claim })}\n`;
}

/** Undefined when it is not a claim of this version. */
export function parseClaim(text: string): Claim | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Half a claim is none: its writer writes it again, or is gone.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, pid, host, boot, pidNamespace, run, started, socket, beat } = value as Record<string, unknown>;
  const texts = [host, boot, pidNamespace, run, started, socket];
  if (version !== CLAIM_VERSION || texts.some((each) => typeof each !== 'string')) return undefined;
  if (!Number.isSafeInteger(pid) || (pid as number) <= 0 || !Number.isSafeInteger(beat)) return undefined;
  // It stands in a directory that others may write to, and is shown to people.
  if (texts.some((each) => UNPRINTABLE.test(each as string))) return undefined;
  return { pid, host, boot, pidNamespace, run, started, socket, beat } as Claim;
}

/** `unknown`: it lives if it is written again within CLAIM_WATCH_MS. */
export type Standing = 'alive' | 'dead' | 'unknown';

/**
 * @param claim undefined when it cannot be read.
 * @param startOf when the process with this pid started; undefined when there is none.
 */
export function standingOf(
  claim: Claim | undefined,
  self: Holder,
  startOf: (pid: number) => string | undefined,
): Standing {
  if (claim === undefined || !isVisible(claim, self)) return 'unknown';
  const start = startOf(claim.pid);
  return start !== undefined && (claim.started === '' || start === '' || start === claim.started) ? 'alive' : 'dead';
}

/** Its pid means the same process here. Without a boot id, hosts are told apart by their names. */
function isVisible(claim: Holder, self: Holder): boolean {
  if (claim.boot !== self.boot || claim.pidNamespace !== self.pidNamespace) return false;
  return self.boot !== '' || claim.host === self.host;
}

/** Why a `.part` is not written to: who writes it, and how to go on. */
export function claimedBy(partPath: string, claim: Claim | undefined, self: Holder): string {
  const who = nameOf(claim, self);
  if (claim === undefined || claim.socket === '')
    return `${partPath} is being written by ${who}; wait for it or stop it, and the same command continues the download`;
  const [follow, stop] = [command('attach', '--socket', claim.socket), command('stop', '--socket', claim.socket)];
  const there = isVisible(claim, self) ? '' : ' there';
  return `${partPath} is being written by a client in the background (${who}); to watch it${there}: ${follow}; to continue here, stop it first${there}: ${stop}`;
}

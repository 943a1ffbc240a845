// Names the bottleneck of a running download: the download limit, the hash threads, the disk, its peers, or the
// network. It judges by several samples of where the pieces are. Pure.

import { formatBytes } from '../../foundation/base/bytes.js';
import type { DownloadFact, DownloadLook, Finding } from './facts.js';
import { FEW_PEERS } from './limits.js';

export interface Speeds {
  /** Bytes a second of one hash thread. */
  readonly hash: number;
  /** Undefined when no disk could be measured. */
  readonly disk: number | undefined;
}

/** A rate above this share of the limit counts as limited by it. */
const NEAR = 0.9;

export function limitOf({ name, rate, limit, looks }: DownloadFact, speeds: Speeds): Finding {
  const say = (severity: Finding['severity'], found: string, remedy: string): Finding => ({
    severity,
    subject: name,
    found: `${formatBytes(Math.round(rate))}/s: ${found}`,
    remedy,
  });
  if (looks.length === 0) return { severity: 'fine', subject: name, found: 'has just ended', remedy: '' };
  const peers = meanOf(looks, (look) => look.peers);
  const held = meanOf(looks, (look) => look.held);
  const storing = meanOf(looks, (look) => look.storing);
  const paced = meanOf(looks, (look) => (look.isPaced ? 1 : 0));
  if (limit > 0 && (paced >= 0.5 || rate >= limit * NEAR))
    return say(
      'note',
      `the download limit of ${formatBytes(limit)}/s is the bottleneck`,
      'raise it: limit down <rate>, or off',
    );
  if (peers < 0.5)
    return say(
      'note',
      'no peer is connected',
      'check that a client with the file is running: `show peers`, `show trackers`',
    );
  if (held < 0.5)
    return say('note', 'its peers have no missing pieces, or send none', 'start a seeder that has the whole file');
  if (storing >= 2 && storing >= held / 2) {
    const isDisk = speeds.disk !== undefined && speeds.disk < speeds.hash;
    if (isDisk) return say('note', 'it waits for the disk', 'choose a faster disk, or check what else writes to it');
    return say('note', 'it waits for its hash threads', 'check what else uses the processor: `top`');
  }
  if (peers <= FEW_PEERS) {
    const who = peers < 1.5 ? 'its only peer sends' : 'its few peers send';
    return say(
      'fine',
      `it is as fast as ${who}`,
      'more machines that share the file make it faster, up to what the network carries',
    );
  }
  return say('fine', 'it is as fast as its peers and the network allow', '');
}

function meanOf(looks: readonly DownloadLook[], of: (look: DownloadLook) => number): number {
  return looks.reduce((sum, look) => sum + of(look), 0) / looks.length;
}

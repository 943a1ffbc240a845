// `mtorrent swarm status`: what this machine is in its closed swarm, until when its card is good, where its root key
// is, and which trackers answer.

import { Questions } from '../../../client/administration/questions.js';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { readCard } from '../../../foundation/identity/card.js';
import { Credentials } from '../../../foundation/identity/credentials.js';
import { keyIdOf, shortName } from '../../../foundation/identity/keys.js';
import { roleName } from '../../../foundation/identity/powers.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import {
  loadIdentity,
  type OwnIdentity,
  type Part,
  readRootKey,
  rootKeyPath,
} from '../../identity/identity-directory.js';
import type { Settings } from '../../settings/resolve.js';
import { terminal } from '../context.js';
import { credentialsOf } from '../membership.js';
import { swarmDirectory, withTrackersNow } from './identity.js';
import { timeText } from './words.js';

interface Standing {
  readonly part: Part;
  readonly name: string;
  readonly role: string;
  readonly key: string;
  /** Seconds since 1970; 0: for ever. */
  readonly goodUntilS: number;
}

export async function runStatus(json: boolean, settings: Settings): Promise<number> {
  const directory = await swarmDirectory(settings);
  const identities = await identitiesIn(directory, settings);
  const [first] = identities;
  if (first === undefined)
    throw new MiniTorrentError('NOT_ADMITTED', `there is no identity in ${printable(directory)}`);
  const hasRoot = (await readRootKey(directory)) !== undefined;
  const standings = identities.map(standingOf);
  const asked = withTrackersNow(first.identity, settings).trackers;
  const trackers = await new Questions(new Credentials(first.identity), asked).whoAnswers();
  const answers = trackers.map(({ tracker, name, key, failure }) => ({
    address: formatAddress(tracker),
    ...(name === undefined || key === undefined ? {} : { name, key: shortName(keyIdOf(key)) }),
    ...(failure === undefined ? {} : { failure: printable(failure.message) }),
  }));
  const { swarm, root } = first.identity;
  const output = terminal();
  if (json) {
    const facts = { swarm, root: shortName(keyIdOf(root)), directory, rootKeyHere: hasRoot };
    output.stdout(JSON.stringify({ schema: 1, ...facts, identities: standings, trackers: answers }));
    return 0;
  }
  output.stdout(`swarm ${swarm} (root ${shortName(keyIdOf(root))}), files in ${printable(directory)}`);
  for (const each of standings) output.stdout(standingLine(each));
  output.stdout(hasRoot ? `the root key lies here: ${printable(rootKeyPath(directory))}` : 'the root key is not here');
  for (const { address, name, key, failure } of answers)
    output.stdout(`tracker ${address}: ${failure === undefined ? `${name} (${key}) answers` : failure}`);
  return 0;
}

interface Own {
  readonly part: Part;
  readonly identity: OwnIdentity;
}

async function identitiesIn(directory: string, settings: Settings): Promise<readonly Own[]> {
  const found: Own[] = [];
  let why: unknown;
  for (const part of ['client', 'tracker'] as const) {
    try {
      const identity = await loadIdentity(directory, part);
      const { card } = part === 'client' ? await credentialsOf(identity, settings) : identity;
      found.push({ part, identity: { ...identity, card } });
    } catch (error) {
      if (!(error instanceof MiniTorrentError) || error.code !== 'NOT_ADMITTED') throw error;
      why ??= error;
    }
  }
  if (found.length === 0) throw why;
  return found;
}

function standingOf({ part, identity }: Own): Standing {
  const card = readCard(identity.card, identity.root);
  if (card === undefined || card.kind === 'none')
    throw new MiniTorrentError('STATE_DAMAGED', 'the card cannot be read');
  const { name, powers, key, goodUntilS } = card.kind === 'member' ? card.member : card.tracker;
  return { part, name, role: roleName(powers), key: shortName(keyIdOf(key)), goodUntilS };
}

function standingLine({ name, role, key, goodUntilS }: Standing): string {
  const until = goodUntilS === 0 ? 'its card never runs out' : `its card is good until ${timeText(goodUntilS)}`;
  return `this machine is ${role} ${name} (${key}); ${until}`;
}

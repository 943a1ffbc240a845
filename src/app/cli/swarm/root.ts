// `mtorrent swarm root …`: shows, removes and uses the root key. It is read for one command from its file, from a
// file that is named, or as the line that a person kept, and goes nowhere else.

import { rm } from 'node:fs/promises';
import { MiniTorrentError } from '../../../foundation/base/errors.js';
import { command } from '../../../foundation/base/shell-line.js';
import { absolutePathOf } from '../../../foundation/base/surroundings.js';
import { readCard } from '../../../foundation/identity/card.js';
import { keyIdOf, type PublicKey, type SecretKey, shortName } from '../../../foundation/identity/keys.js';
import { ROLES } from '../../../foundation/identity/powers.js';
import {
  formatRoot,
  formatTrackerGrant,
  parseRoot,
  parseTrackerWish,
} from '../../../foundation/identity/root-lines.js';
import { signStatement } from '../../../foundation/identity/statement.js';
import { formatAddress } from '../../../foundation/torrent/address.js';
import { printable } from '../../../foundation/torrent/names.js';
import { readRootKey, readSwarmFile, rootKeyPath } from '../../identity/identity-directory.js';
import type { SwarmFile } from '../../identity/swarm-file.js';
import type { Settings } from '../../settings/resolve.js';
import { terminal } from '../context.js';
import { askUnseen } from '../unseen.js';
import { type Asking, administrator, swarmDirectory } from './identity.js';
import { toldText } from './members.js';
import { rootKeyBeside, rootKeyIn } from './root-key.js';
import { nowS } from './words.js';

interface RootArguments {
  readonly rootKey?: string | undefined;
}

export async function runRootShow(args: RootArguments, settings: Settings): Promise<number> {
  const { root, swarm } = await rootOf(args, settings);
  const output = terminal();
  output.stdout(formatRoot(root));
  output.stderr(
    `whoever has this line can let trackers into swarm ${swarm.name}; keep it in a password manager or on paper, then: ${command('swarm', 'root', 'remove')}`,
  );
  return 0;
}

export async function runRootRemove(settings: Settings): Promise<number> {
  const directory = await swarmDirectory(settings);
  const path = rootKeyPath(directory);
  const root = await readRootKey(directory);
  if (root === undefined)
    throw new MiniTorrentError(
      'FILE_NOT_FOUND',
      `there is no root key in ${printable(directory)}; it was removed already`,
    );
  const typed = await askUnseen(
    'the line of the root key, from where you keep it (it is not shown): ',
    `there is no terminal to ask for the line of the root key; it is deleted only after it was typed back`,
  );
  if (Buffer.compare(parseRoot(typed).publicKey, root.publicKey) !== 0)
    throw new MiniTorrentError('INVALID_ARGUMENTS', 'this line is another root key; nothing was deleted');
  await rm(path);
  terminal().stdout(
    `the root key is deleted here; ${command('swarm', 'root', 'sign')} and ${command('swarm', 'root', 'withdraw')} ask for its line`,
  );
  return 0;
}

export async function runRootSign(
  args: RootArguments & { readonly request: string },
  settings: Settings,
): Promise<number> {
  const wish = parseTrackerWish(args.request);
  const { root, swarm } = await rootOf(args, settings);
  if (Buffer.compare(wish.root, root.publicKey) !== 0) {
    const sentence = `this request is for the root ${shortName(keyIdOf(wish.root))}, and this is ${shortName(keyIdOf(root.publicKey))} of swarm ${swarm.name}; sign it where that root is`;
    throw new MiniTorrentError('INVALID_ARGUMENTS', sentence);
  }
  const { key, name } = wish;
  const statement = signStatement(
    { kind: 'tracker', powers: ROLES.tracker, name, key, saidAtS: nowS(), goodUntilS: 0 },
    root.publicKey,
    root,
  );
  const output = terminal();
  output.stdout(command('join', formatTrackerGrant({ statement, swarm: swarm.name })));
  output.stderr(
    `${name} (${shortName(keyIdOf(key))}) may be a tracker of swarm ${swarm.name} once it has run that line`,
  );
  return 0;
}

export async function runRootWithdraw(
  args: RootArguments & { readonly tracker: string },
  settings: Settings,
): Promise<number> {
  const asking = await administrator(settings);
  const { key, name } = await whichTracker(args.tracker, asking);
  const { root, swarm } = await rootOf(args, settings);
  const statement = signStatement(
    { kind: 'withdrawn', powers: ROLES.tracker, name, key, saidAtS: nowS(), goodUntilS: 0 },
    root.publicKey,
    root,
  );
  const beganMs = performance.now();
  const told = await asking.questions.withdraw(statement);
  const output = terminal();
  const seconds = (performance.now() - beganMs) / 1000;
  output.stdout(
    `the tracker ${name} (${shortName(keyIdOf(key))}) is withdrawn from swarm ${swarm.name}: ${toldText(told, seconds)}`,
  );
  output.stderr(`let another one take its place: ${command('swarm', 'invite', '--role', 'tracker')}`);
  return 0;
}

interface Root {
  readonly root: SecretKey;
  readonly swarm: SwarmFile;
}

/** Rejects with MiniTorrentError; INVALID_ARGUMENTS for the root of another swarm. */
async function rootOf(args: RootArguments, settings: Settings): Promise<Root> {
  const directory = await swarmDirectory(settings);
  const swarm = await readSwarmFile(directory);
  if (swarm === undefined)
    throw new MiniTorrentError('NOT_ADMITTED', `there is no swarm.toml in ${printable(directory)}; restore it`);
  const { rootKey } = args;
  const root = await (rootKey === undefined
    ? rootKeyBeside(directory, swarm.root)
    : rootKeyIn(absolutePathOf(rootKey), swarm.root));
  return { root, swarm };
}

/** Of the trackers that answer, the one that admitted this machine, and the trackers among the members. */
async function whichTracker(text: string, asking: Asking): Promise<{ readonly key: PublicKey; readonly name: string }> {
  const { identity, questions } = asking;
  const card = readCard(identity.card, identity.root);
  const own = card === undefined || card.kind === 'none' ? [] : [{ ...card.tracker, place: '' }];
  const answering = (await questions.whoAnswers()).flatMap(({ tracker, name, key }) =>
    name === undefined || key === undefined ? [] : [{ name, key, place: formatAddress(tracker) }],
  );
  const members = (await questions.members()).filter(({ powers }) => powers === ROLES.tracker);
  const known = [...answering, ...own, ...members.map(({ name, key }) => ({ name, key, place: '' }))];
  const found = known.filter(
    ({ name, key, place }) => name === text || place === text || shortName(keyIdOf(key)).startsWith(text.toLowerCase()),
  );
  const keys = new Set(found.map(({ key }) => keyIdOf(key)));
  const [first] = found;
  if (first !== undefined && keys.size === 1) return first;
  const all = [...new Set(known.map(({ name, key }) => `${name} (${shortName(keyIdOf(key))})`))].join(', ');
  const what = first === undefined ? 'no tracker that is known here is called so' : 'it may be several';
  throw new MiniTorrentError('NOT_LISTED', `"${printable(text)}": ${what}; known are ${all}`);
}

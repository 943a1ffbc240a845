// Random changes for properties of the registry and the store: few clients and files, so that they meet often. A
// version belongs to one word of its owner, as in life; the same word may come several times and in any place.

import fc from 'fast-check';
import { clientId } from '../../../src/foundation/torrent/ids.js';
import type { InfoDigest } from '../../../src/foundation/torrent/info-text.js';
import type { Change } from '../../../src/tracking/registry/changes.js';
import type { Entry } from '../../../src/tracking/registry/records.js';
import { Registry } from '../../../src/tracking/registry/registry.js';
import { clientBytes, swarmOf } from '../tracker/stage.js';

const client = fc.nat(2).map((number) => clientId(clientBytes(number + 1)));
const swarm = fc.nat(2).map((number) => swarmOf(number + 1));

/** Owners' words: the part of the registry that replicates. The sequence is a digest of the word, so it names one. */
export const words: fc.Arbitrary<Change> = fc
  .record({ kind: fc.constantFrom('put', 'put', 'remove', 'leave'), client, swarm, epoch: fc.nat(2), turn: fc.nat(3) })
  .map(({ kind, client: who, swarm: which, epoch, turn }): Change => {
    const kinds = ['put', 'remove', 'leave'];
    const sequence = turn * 9 + kinds.indexOf(kind) * 3 + Number.parseInt(which.slice(-1), 16) - 1;
    if (kind === 'leave') return { kind, client: who, epoch, sequence };
    if (kind === 'remove') return { kind, client: who, swarm: which, epoch, sequence };
    return {
      kind: 'put',
      client: who,
      swarm: which,
      host: '10.0.0.1',
      port: 6_000 + sequence,
      have: turn,
      epoch,
      sequence,
      isListed: turn > 1,
    };
  });

/** What a .mtorrent says beside; undefined: from a client of an earlier release. */
const details = fc
  .option(fc.tuple(fc.nat(1), fc.nat(1)), { nil: undefined })
  .map((told) =>
    told === undefined
      ? undefined
      : { info: `${told[0]}`.repeat(64) as InfoDigest, listBytes: told[1], files: told[1] + 1 },
  );

/** The partner's records of the same few entries: as its own words made them, and what became of them. */
export const tolds: fc.Arbitrary<Change> = fc
  .tuple(words, fc.constantFrom('live', 'removed', 'lapsed'), fc.nat(1_000), fc.boolean())
  .map(([word, state, ms, isOfBefore]): Change => {
    if (word.kind === 'leave') return { ...word, kind: 'replicatedLeave', ms };
    const empty = { host: '', port: 0, have: 0 };
    if (word.kind !== 'put' || state === 'removed')
      return { ...word, ...empty, kind: 'replicatedEntry', state: 'removed', ms } as Change;
    // A tracker of an earlier release does not know which words list their file.
    return { ...word, kind: 'replicatedEntry', state, ms, isListed: word.isListed === true && !isOfBefore };
  });

/** Words that change nothing but how much of a file a client holds; most are newer than the others. */
const progress: fc.Arbitrary<Change> = fc
  .record({
    kind: fc.constantFrom('progress', 'replicatedProgress'),
    client,
    swarm,
    epoch: fc.nat(2),
    sequence: fc.nat(40),
  })
  .map((word): Change => ({ ...word, have: word.sequence }));

/** Everything that a store may be told, but hash strings. */
export const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: words },
  { weight: 6, arbitrary: tolds },
  { weight: 6, arbitrary: progress },
  fc.tuple(swarm, fc.nat(2), fc.boolean(), details).map(
    ([which, size, proven, told]): Change => ({
      kind: 'fileInfo',
      swarm: which,
      name: `${size}`,
      size,
      pieceCount: 1,
      proven,
      details: told,
    }),
  ),
  fc.tuple(swarm, details, fc.constantFrom('1', 'a')).map(
    ([which, told, name]): Change => ({
      kind: 'complete',
      swarm: which,
      upload: 1,
      name,
      size: 1,
      pieceCount: 1,
      details: told,
    }),
  ),
  client.map((who): Change => ({ kind: 'expire', client: who })),
  fc
    .tuple(swarm, client, fc.nat(2))
    .map(([which, who, epoch]): Change => ({ kind: 'forget', swarm: which, client: who, epoch, sequence: 20 })),
  fc
    .tuple(client, fc.nat(2))
    .map(([who, epoch]): Change => ({ kind: 'forgetLeave', client: who, epoch, sequence: 20 })),
  swarm.map((which): Change => ({ kind: 'forgetSwarm', swarm: which })),
  {
    weight: 3,
    arbitrary: fc.tuple(swarm, details, fc.constantFrom('1', 'a')).map(
      ([which, told, name]): Change => ({
        kind: 'swarm',
        swarm: which,
        name,
        size: 1,
        pieceCount: 1,
        details: told,
      }),
    ),
  },
);

function entryText(entry: Entry): string {
  const { swarm: of, client: by, host, port, have, epoch, sequence, state, isListed } = entry;
  return `${of.key} ${by.id} ${host}:${port} ${have} ${epoch}.${sequence} ${state}${isListed ? ' listed' : ''}`;
}

/** Everything that a registry knows, as text in one order. */
export function contentOf(registry: Registry): string[] {
  const content: string[] = [];
  for (const { id, entries, left } of registry.clients()) {
    if (left !== undefined) content.push(`${id} left ${left.epoch}.${left.sequence}`);
    for (const entry of entries.values()) content.push(entryText(entry));
  }
  return content.sort();
}

export function registryOf(applied: readonly Change[]): Registry {
  const registry = new Registry();
  for (const change of applied) registry.apply(change, 0, 1_000);
  return registry;
}

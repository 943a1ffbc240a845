// What a tracker tells of the files that are shared, to whoever knows a key or asks what there is. Changes nothing.
// Pure.

import { EMPTY_BYTES } from '../../../foundation/base/bytes.js';
import { DIGEST_SIZE } from '../../../foundation/base/limits.js';
import { keyBytes, type SwarmKey, swarmKey } from '../../../foundation/torrent/ids.js';
import { infoDigestBytes } from '../../../foundation/torrent/info-text.js';
import type { FileFacts } from '../../registry/changes.js';
import type { Swarm } from '../../registry/records.js';
import type { Registry } from '../../registry/registry.js';
import type { TrackerReply, TrackerRequest } from '../messages.js';

type Of<K extends TrackerRequest['kind']> = Extract<TrackerRequest, { kind: K }>;
/** Whoever may only look may ask these. */
export type Look = Of<'seeders' | 'describe' | 'hashString' | 'list' | 'summaries'>;
type Description = Extract<TrackerReply, { kind: 'description' }>['what'];

export function isLook(request: TrackerRequest): request is Look {
  return ['seeders', 'describe', 'hashString', 'list', 'summaries'].includes(request.kind);
}

/** Undefined when nobody shares the file. */
export function descriptionOf(registry: Registry, { id, swarm: key }: Of<'describe'>): TrackerReply | undefined {
  const swarm = registry.swarm(swarmKey(key));
  if (swarm?.facts === undefined || swarm.live.length === 0) return undefined;
  return { kind: 'description', id, what: describe(swarm, swarm.facts), isProven: swarm.complete };
}

export function pageOf({ catalogue }: Registry, request: Of<'list'>): TrackerReply {
  const { id, after, filter, want } = request;
  const { swarms, next } = catalogue.page(Buffer.from(after).toString('hex'), filter.toLowerCase(), want);
  const items = swarms.flatMap((swarm) =>
    swarm.facts === undefined ? [] : [{ swarm: keyBytes(swarm.key), ...describe(swarm, swarm.facts) }],
  );
  return {
    kind: 'listing',
    id,
    items,
    next: next === undefined ? EMPTY_BYTES : keyBytes(next),
    total: catalogue.count,
  };
}

/** Why no bytes of its piece hashes can be read; undefined: they can. */
export function whyUnreadable(registry: Registry, swarm: SwarmKey, offset: number): string | undefined {
  const known = registry.swarm(swarm);
  if (known?.complete !== true) return 'the piece hashes of this file are not here';
  const bytes = (known.facts?.pieceCount ?? 0) * DIGEST_SIZE;
  return offset > bytes ? `these piece hashes have ${bytes} bytes` : undefined;
}

function describe({ live }: Swarm, { name, size, pieceCount, details }: FileFacts): Description {
  let complete = 0;
  for (const { have } of live) if (have === pieceCount) complete += 1;
  const { listBytes, files } = details ?? { listBytes: 0, files: 0 };
  const info = details === undefined ? EMPTY_BYTES : infoDigestBytes(details.info);
  return { name, size, pieceCount, info, listBytes, files, seeders: live.length, complete };
}

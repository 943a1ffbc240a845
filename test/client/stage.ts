// A client's machine with nothing behind it: commands and answers go in, effects come out, a test plays disk, trackers
// and threads.

import type { ClientEffect, ClientInput, There } from '../../src/client/effects.js';
import { completenessOf } from '../../src/client/files/completeness.js';
import type { Pair } from '../../src/client/files/names.js';
import type { Entry, KnownZeros } from '../../src/client/files/record.js';
import { ClientMachine } from '../../src/client/machine.js';
import {
  AS_IT_IS,
  type ClientCommand,
  type ClientEvent,
  EVERYTHING,
  type FileView,
  UNLIMITED,
} from '../../src/client/messages.js';
import { PIECE_SIZE } from '../../src/foundation/base/limits.js';
import type { ChosenBeside } from '../../src/foundation/torrent/folder/choice.js';
import type { SwarmKey } from '../../src/foundation/torrent/ids.js';
import type { Room } from '../../src/transfer/storage/disk/room.js';
import { NO_TOTALS } from '../../src/transfer/storage/part/totals.js';

export const PIECES = 10;
export const SIZE = PIECES * PIECE_SIZE;
export const NO_ZEROS: KnownZeros = { pieces: 0, bytes: 0 };
const trackers = [
  { host: '192.0.2.1', port: 7000 },
  { host: '192.0.2.2', port: 7000 },
] as const;

/** What a large disk says. */
export function roomOf(freeBytes: number | undefined, freeInodes: number | undefined = 1_000): Room {
  return { freeBytes, totalBytes: 10 * 1024 ** 3, freeInodes };
}

/** Its download fails. @param errno what the system said of its `.part`; '': it was not the system. */
export function failedBy(file: number, code: string, sentence: string, errno = ''): ClientInput {
  const path = errno === '' ? '' : '/files/x.part';
  return { kind: 'download', event: { kind: 'failed', file, code, sentence, errno, path } };
}

/** A file named `name`; complete when it has a time. */
export function entryOf(name: string, mtimeMs: number | null = null, more: Partial<Entry> = {}): Entry {
  const swarm = Buffer.from(name).toString('hex').padEnd(40, '0').slice(0, 40) as SwarmKey;
  const [path, mtorrentPath] = [`/files/${name}`, `/torrents/${name}.mtorrent`];
  return {
    mtorrentPath,
    path,
    name,
    size: SIZE,
    swarm,
    trackers,
    completeness: completenessOf(mtimeMs, false),
    others: [],
    ...more,
  };
}

export class Stage {
  readonly machine: ClientMachine;
  readonly effects: ClientEffect[] = [];
  nowMs = 0;
  wakeMs: number | undefined;
  /** Pairs that no file names any more. */
  readonly unused: Pair[] = [];
  #ask = 0;

  constructor(rates = UNLIMITED, downloadsAtOnce?: number) {
    this.machine = new ClientMachine(rates, undefined, downloadsAtOnce);
  }

  post(input: ClientInput | { readonly kind: 'wake' }): readonly ClientEffect[] {
    const effects: ClientEffect[] = [];
    for (const effect of this.machine.receive(input, this.nowMs)) {
      if (effect.kind === 'wakeAt') this.wakeMs = effect.atMs;
      else if (effect.kind === 'trackersUnused') this.unused.push(effect.trackers);
      else effects.push(effect);
    }
    this.effects.push(...effects);
    return effects;
  }

  command(command: ClientCommand extends infer C ? (C extends ClientCommand ? Omit<C, 'ask'> : never) : never) {
    this.#ask += 1;
    return this.post({ kind: 'command', command: { ...command, ask: this.#ask } as ClientCommand });
  }

  share(entry: Entry): readonly ClientEffect[] {
    const [prepare] = this.command({ kind: 'share', ...AS_IT_IS, path: entry.path, mtorrentPath: entry.mtorrentPath });
    if (prepare?.kind !== 'prepareShare') throw new Error('nothing is prepared');
    return this.post({ kind: 'sharePrepared', ask: prepare.ask, entry });
  }

  get(
    entry: Entry,
    freeBytes: number | undefined = 100 * SIZE,
    device = 1,
    more: { zeros?: KnownZeros; there?: There; chosen?: ChosenBeside } = {},
  ): readonly ClientEffect[] {
    const [prepare] = this.command({
      kind: 'get',
      mtorrentPath: entry.mtorrentPath,
      destination: '/files/',
      ...EVERYTHING,
      exact: false,
    });
    if (prepare?.kind !== 'prepareGet') throw new Error('nothing is prepared');
    return this.post({
      kind: 'getPrepared',
      ask: prepare.ask,
      entry,
      room: roomOf(freeBytes),
      device,
      zeros: NO_ZEROS,
      there: undefined,
      chosen: 'same',
      ...more,
    });
  }

  /** A download that runs; answers its file number. */
  downloading(entry: Entry): number {
    const opens = this.get(entry).find((effect) => effect.kind === 'openPart');
    if (opens?.kind !== 'openPart') throw new Error('no part is opened');
    this.post({ kind: 'partOpened', file: opens.file, have: 0, totals: NO_TOTALS });
    return opens.file;
  }

  seeding(entry: Entry): number {
    const serve = this.share(entry).find((effect) => effect.kind === 'serve');
    if (serve?.kind !== 'serve') throw new Error('it is not served');
    return serve.file;
  }

  complete(file: number, mtimeMs = 5): readonly ClientEffect[] {
    this.post({ kind: 'download', event: { kind: 'completed', file, received: SIZE, wasted: 0 } });
    return this.post({ kind: 'completedSeen', file, mtimeMs });
  }

  stopped(file: number): readonly ClientEffect[] {
    return this.post({ kind: 'download', event: { kind: 'stopped', file } });
  }

  rows(): readonly FileView[] {
    return this.command({ kind: 'list' }).flatMap((effect) =>
      effect.kind === 'tell' && effect.event.kind === 'listed' ? effect.event.rows : [],
    );
  }

  /** name → state, as `show downloads` says it. */
  states(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.rows().map(({ name, state }) => [name, state]));
  }
}

export function kinds(effects: readonly ClientEffect[]): readonly string[] {
  return effects.map((effect) => {
    if (effect.kind === 'tellRecorded') return 'tell accepted';
    if (effect.kind === 'tell') return `tell ${effect.event.kind}`;
    return effect.kind === 'announce' ? `announce ${effect.command.kind}` : effect.kind;
  });
}

/** What was said to whoever asked: `accepted <detail>` or the code of the refusal. */
export function answers(effects: readonly ClientEffect[]): readonly string[] {
  return eventsIn(effects).flatMap((event) => {
    if (event.kind === 'accepted') return [`accepted ${event.detail}`];
    return event.kind === 'refused' ? [event.code] : [];
  });
}

export function eventsIn(effects: readonly ClientEffect[]): readonly ClientEvent[] {
  return effects.flatMap((effect) => {
    if (effect.kind === 'tellRecorded') return [{ kind: 'accepted', ask: effect.ask, detail: effect.detail }];
    return effect.kind === 'tell' ? [effect.event] : [];
  });
}

/** The sentences of refusals and notices. */
export function sentences(effects: readonly ClientEffect[]): string {
  return eventsIn(effects)
    .map((event) => ('sentence' in event ? event.sentence : ''))
    .join('\n');
}

/** The entries that the effects save; those that leave the library are not among them. */
export function saved(effects: readonly ClientEffect[]): readonly Entry[] | undefined {
  const last = effects.findLast((effect) => effect.kind === 'saveLibrary');
  return last?.kind === 'saveLibrary' ? last.changes.flatMap(({ entry }) => entry ?? []) : undefined;
}

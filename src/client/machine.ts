// The client's main machine: routes commands, and keeps the life of each file of the library from `share` or `get` to
// `remove`. Decides what is served, announced, downloaded and kept; never touches disk, sockets or threads. Invariants:
// a swarm has at most one file here; a file that is announced is served; a tracker is never told of a missing file.
// Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../foundation/actor/machine.js';
import { unreachable } from '../foundation/base/assert.js';
import { type ErrorCode, isErrorCode } from '../foundation/base/errors.js';
import { DOWNLOADS_RUNNING_MAX } from '../foundation/base/limits.js';
import { formatAddress } from '../foundation/torrent/address.js';
import { accept, bad, placeTaken, refuse, saved, tooMany } from './answers/answers.js';
import { Hashing } from './answers/hashing.js';
import { answer } from './answers/questions.js';
import { RateLimits, type Rates, UNLIMITED } from './answers/rate-limits.js';
import { TrackerNotices } from './answers/tracker-notices.js';
import { Closing } from './closing.js';
import type { CheckResult, ClientEffect, ClientInput } from './effects.js';
import { roomRefusal } from './files/disk-space.js';
import { basename, FileTable } from './files/file-table.js';
import { trackerNews, uploadNews } from './files/news.js';
import { pause, resume } from './files/pausing.js';
import { type Entry, type FileRecord, isBusy } from './files/record.js';
import { Recovery, rightAgain, roomSeen, stall, unusable } from './files/recovery.js';
import { isLeaving, Removals } from './files/removals.js';
import { announce, register, replace, seed, shareRefusal } from './files/sharing.js';
import { Verifications } from './files/verifications.js';
import { LIBRARY_FILES_MAX } from './limits.js';
import type { ClientCommand } from './messages.js';

export class ClientMachine implements Machine<ClientInput | Wake, ClientEffect | WakeAt> {
  readonly #files = new FileTable();
  readonly #waits: number[] = [];
  readonly #removals = new Removals();
  readonly #verifications = new Verifications();
  readonly #hashing = new Hashing();
  readonly #recovery = new Recovery();
  readonly #notices = new TrackerNotices();
  #closing: Closing | undefined;
  readonly #limits: RateLimits;

  constructor(rates: Rates = UNLIMITED) {
    this.#limits = new RateLimits(rates);
  }

  receive(input: ClientInput | Wake, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    this.#hashing.hear(input);
    const effects = [...this.#apply(input, nowMs)];
    effects.push(
      ...this.#verifications.next(this.#files, this.#closing !== undefined),
      ...this.#startWaiting(),
      ...this.#answerWaits(),
      ...(this.#closing?.halt(this.#files, nowMs) ?? this.#recovery.look(this.#files, nowMs)),
    );
    return effects;
  }

  #apply(input: ClientInput | Wake, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    switch (input.kind) {
      case 'command':
        return this.#onCommand(input.command, nowMs);
      case 'loaded':
        return [...this.#limits.begin(), ...input.entries.flatMap((entry) => this.#onLoaded(entry))];
      case 'checked':
        return this.#about(input.file, (record) => this.#onChecked(record, input.result));
      case 'shareHashed': {
        // Asked before the .mtorrent is written, so that a refused share leaves none behind.
        const refusal = shareRefusal(this.#files, input.entry);
        if (refusal !== undefined) return [refuse(input.ask, refusal.code, refusal.sentence)];
        return [{ kind: 'writeShare', ask: input.ask, entry: input.entry }];
      }
      case 'sharePrepared':
        return this.#onShared(input.ask, input.entry);
      case 'getPrepared':
        return this.#onGet(input);
      case 'prepareFailed':
        return [refuse(input.ask, input.refusal.code, input.refusal.sentence)];
      case 'partOpened':
        return this.#about(input.file, (record) => this.#onPartOpened(record, input.have));
      case 'partFailed':
        return this.#about(input.file, (record) => this.#onFailed(record, input.refusal.code, input.refusal.sentence));
      case 'download':
        return this.#onDownload(input.event);
      case 'completedSeen':
        return this.#about(input.file, (record) => this.#onCompleted(record, input.mtimeMs));
      case 'serve':
        return uploadNews(this.#files, input.event);
      case 'announce':
        if (input.event.kind === 'left') this.#closing?.left(input.trackers);
        return trackerNews(this.#files, this.#notices, input.trackers, input.event);
      case 'hashedAgain':
        return this.#verifications.hashed(this.#files, input);
      case 'mended':
      case 'mendFailed':
        return this.#about(input.file, (record) => this.#onMended(record, input));
      case 'sourcesSeen':
        return this.#closing === undefined ? this.#recovery.sourcesSeen(this.#files, input.seen) : NO_EFFECTS;
      case 'roomSeen':
        return this.#about(input.file, (record) => roomSeen(this.#files, record, input.freeBytes));
      case 'removed':
        return [
          input.refusal === undefined
            ? accept(input.ask, 'FILE_REMOVED')
            : refuse(input.ask, input.refusal.code, input.refusal.sentence),
        ];
      case 'shareProgressed':
      case 'verifyProgressed':
      case 'wake':
        return NO_EFFECTS;
      default:
        return unreachable(input);
    }
  }

  /** Answers come when they come: their file may have been removed, or replaced by another try, in the meantime. */
  #about(file: number, answer: (record: FileRecord) => readonly ClientEffect[]): readonly ClientEffect[] {
    const record = this.#files.get(file);
    return record === undefined ? NO_EFFECTS : answer(record);
  }

  #onCommand(command: ClientCommand, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    if (this.#closing !== undefined) return [refuse(command.ask, 'CANCELLED', 'the client is closing')];
    switch (command.kind) {
      case 'share':
        return [{ kind: 'prepareShare', ask: command.ask, path: command.path, mtorrentPath: command.mtorrentPath }];
      case 'get':
        return [
          {
            kind: 'prepareGet',
            ask: command.ask,
            mtorrentPath: command.mtorrentPath,
            destination: command.destination,
          },
        ];
      case 'remove':
        return this.#removals.remove(this.#files, command.ask, command.name, command.force);
      case 'wait':
        this.#waits.push(command.ask);
        return NO_EFFECTS;
      case 'pause':
        return pause(this.#files, command.ask, command.name);
      case 'resume':
        return resume(this.#files, command.ask, command.name);
      case 'limit':
      case 'limits':
        return this.#limits.obey(command);
      case 'verify':
        return this.#verifications.verify(this.#files, command.ask, command.name);
      case 'quit':
        return this.#onQuit(command.ask, nowMs);
      default:
        return answer({ files: this.#files, hashing: this.#hashing, rates: this.#limits.rates }, command);
    }
  }

  // --- start ---

  #onLoaded(entry: Entry): readonly ClientEffect[] {
    const record = this.#files.add(entry, { at: 'checking' });
    return [{ kind: 'check', file: record.file, entry }];
  }

  #onChecked(record: FileRecord, result: CheckResult): readonly ClientEffect[] {
    if (record.phase.at !== 'checking' && record.phase.at !== 'missing') return NO_EFFECTS;
    switch (result.kind) {
      case 'complete':
        record.entry = { ...record.entry, mtimeMs: result.mtimeMs };
        return [...rightAgain(record), ...seed(record), saved(this.#files)];
      case 'partial':
        record.device = result.device;
        record.transfer.have = result.have;
        record.phase = { at: 'waiting' };
        return NO_EFFECTS;
      case 'unusable':
        return unusable(record, result.sentence, result.found);
      default:
        return unreachable(result);
    }
  }

  // --- share ---

  #onShared(ask: number, entry: Entry): readonly ClientEffect[] {
    const known = this.#files.ofSwarm(entry.swarm);
    if (known?.phase.at === 'seeding') {
      // The same bytes again: one swarm, served from where they are. The newer .mtorrent is the one that is kept track of.
      known.entry = { ...known.entry, mtorrentPath: entry.mtorrentPath };
      return [saved(this.#files), accept(ask, basename(entry.mtorrentPath))];
    }
    const refusal = shareRefusal(this.#files, entry);
    if (refusal !== undefined) return [refuse(ask, refusal.code, refusal.sentence)];
    const replaced = known === undefined ? NO_EFFECTS : replace(this.#files, known);
    const record = this.#files.add(entry, { at: 'seeding' });
    return [...replaced, ...seed(record), saved(this.#files), accept(ask, basename(entry.mtorrentPath))];
  }

  // --- get ---

  #onGet(input: Extract<ClientInput, { kind: 'getPrepared' }>): readonly ClientEffect[] {
    const { ask, entry, freeBytes, device } = input;
    const known = this.#files.ofSwarm(entry.swarm);
    if (known !== undefined && !['failed', 'full', 'missing'].includes(known.phase.at)) {
      return [refuse(ask, 'ALREADY_EXISTS', `${entry.name} is here already as ${known.entry.path}`)];
    }
    const other = this.#files.ofPath(entry.path);
    if (other !== undefined && other !== known) return [refuse(ask, 'ALREADY_EXISTS', placeTaken(other.entry))];
    if (known === undefined && this.#files.size >= LIBRARY_FILES_MAX) return [refuse(ask, 'LIMIT_REACHED', tooMany())];
    const full = roomRefusal(this.#files, entry, freeBytes, device);
    if (full !== undefined) return [refuse(ask, full.code, full.sentence)];
    const replaced = known === undefined ? NO_EFFECTS : replace(this.#files, known);
    const record = this.#files.add(entry, { at: 'waiting' });
    record.device = device;
    return [...replaced, saved(this.#files), accept(ask, entry.path)];
  }

  /** Starts what waits, as long as there is room. */
  #startWaiting(): readonly ClientEffect[] {
    if (this.#closing !== undefined) return NO_EFFECTS;
    const effects: ClientEffect[] = [];
    let running = 0;
    for (const { phase } of this.#files.all())
      if (phase.at === 'opening' || phase.at === 'downloading' || phase.at === 'stopping') running += 1;
    for (const record of this.#files.all()) {
      if (running >= DOWNLOADS_RUNNING_MAX) break;
      if (record.phase.at !== 'waiting') continue;
      record.phase = { at: 'opening' };
      running += 1;
      effects.push({ kind: 'openPart', file: record.file, entry: record.entry });
    }
    return effects;
  }

  #onPartOpened(record: FileRecord, have: number): readonly ClientEffect[] {
    if (isLeaving(record))
      return [{ kind: 'releasePart', file: record.file }, ...this.#removals.takeOff(this.#files, record, true)];
    if (record.phase.at !== 'opening') return NO_EFFECTS;
    if (this.#closing !== undefined) {
      record.phase = { at: 'waiting' };
      return NO_EFFECTS;
    }
    record.transfer.have = have;
    record.phase = { at: record.entry.paused ? 'paused' : 'downloading' };
    record.served = true;
    // The tracker hears of us before the first piece: who asks next finds one more seeder of what we have.
    return [
      { kind: 'serve', file: record.file, entry: record.entry, complete: false },
      ...register(record),
      { kind: record.entry.paused ? 'releasePart' : 'startDownload', file: record.file, entry: record.entry },
    ];
  }

  #onDownload(event: Extract<ClientInput, { kind: 'download' }>['event']): readonly ClientEffect[] {
    const record = this.#files.get(event.file);
    if (record === undefined) return NO_EFFECTS;
    switch (event.kind) {
      case 'progressed': {
        const { have, received, wasted, rate, peers } = event;
        Object.assign(record.transfer, { have, received, wasted, rate, peers });
        return [announce(record, { kind: 'progress', swarm: record.entry.swarm, have })];
      }
      case 'completed':
        Object.assign(record.transfer, { received: event.received, wasted: event.wasted, rate: 0, peers: 0 });
        return [{ kind: 'lookAtCompleted', file: record.file, entry: record.entry }];
      case 'failed': {
        const code: ErrorCode = isErrorCode(event.code) ? event.code : 'INTERNAL';
        return this.#onFailed(record, code, event.sentence);
      }
      case 'stopped':
        return this.#onStopped(record);
      case 'peersNeeded':
        return [announce(record, { kind: 'findSeeders', swarm: record.entry.swarm })];
      case 'peerBanned':
        return [
          bad(
            `${formatAddress(event)} sent wrong bytes of ${record.entry.name} and is banned; the piece is fetched elsewhere`,
          ),
        ];
      default:
        return unreachable(event);
    }
  }

  #onCompleted(record: FileRecord, mtimeMs: number): readonly ClientEffect[] {
    record.entry = { ...record.entry, mtimeMs };
    const removing = isLeaving(record);
    const { name, path } = record.entry;
    const told: ClientEffect = { kind: 'tell', event: { kind: 'completed', name, path } };
    if (removing) return [told, ...this.#removals.takeOff(this.#files, record, false)];
    if (this.#verifications.isBad(record.file)) {
      // Its bytes rotted on our disk after they were right.
      const code = 'VERIFICATION_FAILED';
      const sentence = `${path} has bad pieces; remove it, and get it again`;
      record.phase = { at: 'seeding' };
      return [{ kind: 'tell', event: { kind: 'failed', name, path, code, sentence } }];
    }
    if (this.#closing !== undefined) {
      // Complete, and known as such at the next start; but nobody is to hear of us any more.
      record.phase = { at: 'seeding' };
      return [saved(this.#files), told];
    }
    return [...seed(record), saved(this.#files), told];
  }

  #onFailed(record: FileRecord, code: ErrorCode, sentence: string): readonly ClientEffect[] {
    if (isLeaving(record)) return this.#removals.takeOff(this.#files, record, true);
    Object.assign(record.transfer, { rate: 0, peers: 0 });
    if (code === 'DISK_FULL') return stall(record, sentence);
    record.phase = { at: 'failed', code, sentence };
    const { name, path } = record.entry;
    return [{ kind: 'tell', event: { kind: 'failed', name, path, code, sentence } }];
  }

  #onStopped(record: FileRecord): readonly ClientEffect[] {
    if (isLeaving(record)) return this.#removals.takeOff(this.#files, record, true);
    record.phase = record.entry.paused ? { at: 'paused' } : { at: 'waiting' };
    Object.assign(record.transfer, { rate: 0, peers: 0 });
    return NO_EFFECTS;
  }

  #onMended(
    record: FileRecord,
    input: Extract<ClientInput, { kind: 'mended' | 'mendFailed' }>,
  ): readonly ClientEffect[] {
    if (isLeaving(record)) return this.#removals.takeOff(this.#files, record, true);
    if (input.kind === 'mended') return this.#verifications.mended(this.#files, input);
    return this.#verifications.mendFailed(this.#files, input);
  }

  // --- quit ---

  #onQuit(ask: number, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    this.#closing = new Closing(ask, nowMs);
    return this.#closing.begin(this.#files);
  }

  #answerWaits(): readonly ClientEffect[] {
    if (this.#waits.length === 0 || this.#files.all().some(isBusy)) return NO_EFFECTS;
    return this.#waits.splice(0).map((ask) => accept(ask, 'WAITED'));
  }
}

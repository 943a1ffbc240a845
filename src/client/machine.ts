// The client's main machine: routes commands and reports to the files that they are about, and starts as many downloads
// as may run. Never touches disk, sockets or threads. Invariant: a swarm has at most one file here. Pure.

import { type Machine, NO_EFFECTS, type Wake, type WakeAt } from '../foundation/actor/machine.js';
import { unreachable } from '../foundation/base/assert.js';
import { isErrorCode } from '../foundation/base/error-codes.js';
import { DOWNLOADS_RUNNING_MAX } from '../foundation/base/limits.js';
import { formatAddress } from '../foundation/torrent/address.js';
import { isPartial } from '../foundation/torrent/folder/choice.js';
import type { SwarmKey } from '../foundation/torrent/ids.js';
import type { DownloadEvent } from '../transfer/download/messages.js';
import { aboutName, accept, bad, refuse, reused, shareRecorded } from './answers/answers.js';
import { Hashing } from './answers/hashing.js';
import { answer, type Known } from './answers/questions.js';
import { RateLimits } from './answers/rate-limits.js';
import { Readers } from './answers/readers.js';
import { TrackerNotices } from './answers/tracker-notices.js';
import { Closing } from './closing.js';
import { aboutSilent } from './doctor/reach.js';
import type { CheckResult, ClientEffect, ClientInput, Refusal } from './effects.js';
import { makeWay, shareRefusal } from './files/admission.js';
import { advance, announce, summarize } from './files/advance.js';
import { pause, remove, requeue, resume } from './files/commands.js';
import { isPaused } from './files/completeness.js';
import { isOffered, type LifeEvent } from './files/file-life.js';
import { basename, FileTable } from './files/file-table.js';
import { getGoesOn } from './files/getting.js';
import { type Pair, pairKey, succeeding } from './files/names.js';
import { trackerNews, uploadNews } from './files/news.js';
import { countAnew, type Entry, type FileRecord } from './files/record.js';
import { Recovery } from './files/recovery.js';
import { movesJudged, relocate } from './files/relocating.js';
import { chosenAnew, sharedAgain, supersede } from './files/renaming.js';
import { retrack, retracked } from './files/retracking.js';
import { Verifications } from './files/verifications.js';
import { type ClientCommand, type Rates, UNLIMITED } from './messages.js';
import { Retention } from './retention/retention.js';

export class ClientMachine implements Machine<ClientInput | Wake, ClientEffect | WakeAt> {
  readonly #files = new FileTable();
  readonly #waits: number[] = [];
  readonly #verifications = new Verifications();
  readonly #hashing = new Hashing();
  readonly #readers = new Readers();
  readonly #recovery: Recovery;
  readonly #diskReserve: number | undefined;
  readonly #notices = new TrackerNotices();
  readonly #retention = new Retention();
  #closing: Closing | undefined;
  readonly #limits: RateLimits;

  readonly #downloadsAtOnce: number;

  /** @param diskReserve bytes that the user wants to stay free on disks; undefined: not set. */
  constructor(
    rates: Rates = UNLIMITED,
    diskReserve?: number | undefined,
    downloadsAtOnce: number = DOWNLOADS_RUNNING_MAX,
  ) {
    this.#downloadsAtOnce = downloadsAtOnce;
    this.#limits = new RateLimits(rates);
    this.#recovery = new Recovery(diskReserve);
    this.#diskReserve = diskReserve;
  }

  receive(input: ClientInput | Wake, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    this.#hashing.hear(input);
    const effects = [...this.#apply(input, nowMs)];
    effects.push(
      ...this.#verifications.next(this.#files, this.#closing !== undefined),
      // Before waiting downloads begin, since a look may find one that is tried again.
      ...(this.#closing === undefined ? this.#recovery.look(this.#files, nowMs) : NO_EFFECTS),
      ...this.#beginWaiting(),
      ...this.#answerWaits(),
      ...this.#unlearn(input, effects),
      ...this.#readers.next(this.#files),
      ...this.#files.takeUnusedPairs().map((trackers) => this.#forgetPair(trackers)),
      ...(this.#closing?.halt(this.#files, nowMs) ?? NO_EFFECTS),
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
        return this.#about(input.file, (record) => this.#onChecked(record, input.result, nowMs));
      case 'shareHashed': {
        // Checked before the .mtorrent is written, so that a refused share leaves none behind.
        const refusal = shareRefusal(this.#files, input.entry);
        if (refusal !== undefined) return [refuse(input.ask, refusal.code, refusal.sentence)];
        return [{ kind: 'writeShare', ask: input.ask, entry: input.entry }];
      }
      case 'sharePrepared':
        return this.#onShared(input.ask, input.entry);
      case 'getPrepared':
      case 'targetJudged':
        return getGoesOn(this.#files, input, this.#diskReserve);
      case 'prepareFailed':
        return [refuse(input.ask, input.refusal.code, input.refusal.sentence)];
      case 'partOpened':
        return this.#about(input.file, (record) => {
          const [paused, closing] = [isPaused(record.entry.completeness), this.#closing !== undefined];
          countAnew(record, input.totals);
          return this.#advance(record, { kind: 'partOpened', have: input.have, paused, closing });
        });
      case 'partFailed':
        return this.#about(input.file, (record) => this.#onFailed(record, input.refusal, nowMs));
      case 'download':
        return this.#onDownload(input, nowMs);
      case 'completedSeen':
        return this.#about(input.file, (record) => this.#onCompleted(record, input));
      case 'serve':
        return uploadNews(this.#files, input.event, this.#recovery, nowMs);
      case 'announce':
        if (input.event.kind === 'left') this.#closing?.left(input.trackers);
        return trackerNews(this.#files, this.#notices, input.trackers, input.event, nowMs);
      case 'hashedAgain':
      case 'mended':
      case 'mendFailed':
        return this.#onVerified(input);
      case 'sourcesSeen':
      case 'entriesSeen':
      case 'roomSeen':
        return this.#recovery.looked(this.#files, input, nowMs, this.#closing !== undefined);
      case 'removed':
        return [removalEnded(input)];
      case 'fetchedSeen':
      case 'fetchedUnseen':
      case 'retired':
      case 'retireFailed':
        return this.#retention.hear(this.#files, input, this.#closing !== undefined);
      case 'trackerReplaced':
        return retracked(input);
      case 'movesJudged':
        return this.#onMovesJudged(input);
      case 'shareProgressed':
      case 'verifyProgressed':
      case 'wake':
        return NO_EFFECTS;
      default:
        return unreachable(input);
    }
  }

  /** What was prepared of a folder is large, and nothing else forgets it when no file has come of it. */
  #unlearn(input: ClientInput | Wake, effects: readonly (ClientEffect | WakeAt)[]): readonly ClientEffect[] {
    const swarm = swarmPrepared(input);
    if (swarm === undefined || this.#files.ofSwarm(swarm) !== undefined) return NO_EFFECTS;
    const goesOn = effects.some(({ kind }) => kind === 'judgeTarget' || kind === 'writeShare');
    return goesOn ? NO_EFFECTS : [{ kind: 'unlearn', swarm }];
  }

  #known(): Known {
    const { rates } = this.#limits;
    return { files: this.#files, hashing: this.#hashing, rates, refusals: this.#notices.refusals };
  }

  #forgetPair(trackers: Pair): ClientEffect {
    this.#notices.forget(pairKey(trackers));
    return { kind: 'trackersUnused', trackers };
  }

  /** An answer may come after its file was removed, or replaced by another try. */
  #about(file: number, answer: (record: FileRecord) => readonly ClientEffect[]): readonly ClientEffect[] {
    const record = this.#files.get(file);
    return record === undefined ? NO_EFFECTS : answer(record);
  }

  #onCommand(command: ClientCommand, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    if (this.#closing !== undefined) return [refuse(command.ask, 'CANCELLED', 'the client is closing')];
    switch (command.kind) {
      case 'share':
        return [{ ...command, kind: 'prepareShare' }];
      case 'get':
        return [{ ...command, kind: 'prepareGet' }];
      case 'remove':
        return remove(this.#files, command);
      case 'read':
        return this.#readers.read(this.#files, command);
      case 'wait':
        this.#waits.push(command.ask);
        return NO_EFFECTS;
      case 'pause':
        return pause(this.#files, command.ask, command.name);
      case 'resume':
        // Somebody asks: the reason of another failure is news.
        this.#recovery.forget(this.#files.find(command.name));
        return resume(this.#files, command.ask, command.name);
      case 'limit':
      case 'limits':
      case 'limitBySchedule':
      case 'limitNote':
        return this.#limits.obey(command);
      case 'verify':
        return this.#verifications.verify(this.#files, command.ask, command.name);
      case 'retrack':
        return retrack(this.#files, command);
      case 'relocate':
        return relocate(this.#files, command);
      case 'web':
        // A program that serves HTTP answers before it comes here.
        return [refuse(command.ask, 'NOT_RUNNING', 'this client serves no HTTP; start it with --http 127.0.0.1:8080')];
      case 'queue':
        return requeue(this.#files, command);
      case 'retain':
        return this.#retention.apply(this.#files, command);
      case 'quit':
        return this.#onQuit(command.ask, nowMs);
      default:
        return answer(this.#known(), command);
    }
  }

  // --- start ---

  #onLoaded(entry: Entry): readonly ClientEffect[] {
    const record = this.#files.load(entry);
    if (entry.isRetiring === true) return this.#advance(record, { kind: 'retire' });
    return [{ kind: 'check', file: record.file, entry }];
  }

  #onChecked(record: FileRecord, result: CheckResult, nowMs: number): readonly ClientEffect[] {
    switch (result.kind) {
      case 'complete':
        return this.#recovery.foundComplete(this.#files, record, result);
      case 'partial':
        this.#files.liesOn(record, result.device, result.zeros);
        record.flow.ranBefore(result.totals);
        return this.#advance(record, { kind: 'foundPartial', have: result.have });
      case 'unusable':
        return this.#recovery.foundUnusable(this.#files, record, result, nowMs);
      default:
        return unreachable(result);
    }
  }

  #onVerified(input: Extract<ClientInput, { kind: 'hashedAgain' | 'mended' | 'mendFailed' }>): readonly ClientEffect[] {
    if (input.kind === 'hashedAgain') return this.#verifications.hashed(this.#files, input);
    return this.#about(input.file, (record) =>
      input.kind === 'mended'
        ? this.#verifications.mended(this.#files, record, input.have)
        : this.#verifications.mendFailed(this.#files, record, input.refusal),
    );
  }

  #onMovesJudged(input: Extract<ClientInput, { kind: 'movesJudged' }>): readonly ClientEffect[] {
    // What a disk failed at the old place does not count at the new one.
    for (const { file } of input.moves) this.#recovery.forget(this.#files.get(file));
    return movesJudged(this.#files, input, this.#closing !== undefined);
  }

  #advance(record: FileRecord, event: LifeEvent): readonly ClientEffect[] {
    return advance(this.#files, record, event) ?? NO_EFFECTS;
  }

  // --- share ---

  #onShared(ask: number, entry: Entry): readonly ClientEffect[] {
    const known = this.#files.ofSwarm(entry.swarm);
    const isMore = known !== undefined && isPartial(known.entry.folder ?? {});
    const recorded = shareRecorded(ask, entry, basename(entry.mtorrentPath));
    if (known?.phase.at === 'seeding') {
      const superseded = supersede(this.#files, entry);
      if (!isMore) return [...superseded, ...sharedAgain(this.#files, ask, known, entry)];
      return [...superseded, ...chosenAnew(this.#files, known, entry), recorded];
    }
    const refusal = shareRefusal(this.#files, entry);
    if (refusal !== undefined) return [refuse(ask, refusal.code, refusal.sentence)];
    const superseded = supersede(this.#files, entry);
    const replaced = makeWay(this.#files, entry, 'sharedAgain');
    const record = this.#files.add(known === undefined ? entry : succeeding(entry, known.entry));
    const shared = this.#advance(record, { kind: isMore ? 'chosenAnew' : 'shared' });
    return [...superseded, ...replaced, ...shared, ...aboutName(entry), recorded];
  }

  // --- get ---

  /** Starts waiting downloads, as many as may run. */
  #beginWaiting(): readonly ClientEffect[] {
    if (this.#closing !== undefined) return NO_EFFECTS;
    const effects: ClientEffect[] = [];
    for (const record of this.#files.waiting) {
      if (this.#files.running >= this.#downloadsAtOnce) break;
      effects.push(...this.#advance(record, { kind: 'begin' }));
    }
    return effects;
  }

  #onDownload(
    { event, outside = [] }: Extract<ClientInput, { kind: 'download' }>,
    nowMs: number,
  ): readonly ClientEffect[] {
    const record = this.#files.get(event.file);
    if (record === undefined) return NO_EFFECTS;
    switch (event.kind) {
      case 'progressed': {
        const { kind, file, ...progress } = event;
        const grew = event.have > record.transfer.have ? this.#recovery.downloadGrew(record) : NO_EFFECTS;
        Object.assign(record.transfer, progress);
        record.flow.begun(nowMs);
        record.flow.saw(record.transfer, nowMs);
        if (!isOffered(record.phase)) return grew;
        return [
          ...grew,
          ...announce(record, { kind: 'progress', swarm: record.entry.swarm, have: event.offered }),
          ...summarize(record, nowMs),
        ];
      }
      case 'completed':
        Object.assign(record.transfer, { received: event.received, wasted: event.wasted, rate: 0, peers: 0 });
        record.flow.ended(nowMs);
        return [
          ...summarize(record, nowMs),
          // It may have fetched all the rest since its last progress was reported.
          ...this.#recovery.downloadGrew(record),
          { kind: 'lookAtCompleted', file: record.file, entry: record.entry },
        ];
      case 'reused':
        record.transfer.reused = event.bytes;
        return [reused(record, event)];
      case 'failed':
        return this.#onFailed(record, refusalOf(event), nowMs);
      case 'stopped':
        return this.#advance(record, { kind: 'stopped', paused: isPaused(record.entry.completeness) });
      case 'peersNeeded':
        if (!isOffered(record.phase)) return NO_EFFECTS;
        return announce(record, { kind: 'findSeeders', swarm: record.entry.swarm });
      case 'readable':
        return this.#readers.readable(event.file, event.piece, event.pieces);
      case 'peerSilent': {
        const { found, remedy } = aboutSilent(event, outside);
        return [bad(`${record.entry.name}: ${formatAddress(event)} ${found}; ${remedy}`)];
      }
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

  #onCompleted(
    record: FileRecord,
    { mtimeMs, have, fetched }: Extract<ClientInput, { kind: 'completedSeen' }>,
  ): readonly ClientEffect[] {
    if (!this.#verifications.isBad(record.file))
      return this.#advance(record, { kind: 'completed', mtimeMs, have, fetched, closing: this.#closing !== undefined });
    // The bytes on our disk changed after they had been verified.
    const sentence = `${record.entry.path} has bad pieces; remove it, and get it again`;
    return this.#advance(record, { kind: 'completedBad', mtimeMs, sentence });
  }

  #onFailed(record: FileRecord, refusal: Refusal, nowMs: number): readonly ClientEffect[] {
    return this.#recovery.downloadFailed(this.#files, record, refusal, nowMs);
  }

  // --- quit ---

  #onQuit(ask: number, nowMs: number): readonly (ClientEffect | WakeAt)[] {
    this.#closing = new Closing(ask, nowMs);
    return this.#closing.begin(this.#files);
  }

  #answerWaits(): readonly ClientEffect[] {
    if (this.#waits.length === 0 || this.#files.hasBusy) return NO_EFFECTS;
    return this.#waits.splice(0).map((ask) => accept(ask, 'WAITED'));
  }
}

function removalEnded({ ask, refusal }: Extract<ClientInput, { kind: 'removed' }>): ClientEffect {
  return refusal === undefined ? accept(ask, 'FILE_REMOVED') : refuse(ask, refusal.code, refusal.sentence);
}

/** The swarm of a folder that was prepared to be shared or fetched. */
function swarmPrepared(input: ClientInput | Wake): SwarmKey | undefined {
  if (input.kind === 'prepareFailed') return input.swarm;
  const isPrepared = input.kind === 'shareHashed' || input.kind === 'sharePrepared' || input.kind === 'getPrepared';
  if (!isPrepared && input.kind !== 'targetJudged') return undefined;
  return input.entry.folder === undefined ? undefined : input.entry.swarm;
}

function refusalOf({ code, sentence, errno, path }: Extract<DownloadEvent, { kind: 'failed' }>): Refusal {
  const trouble = errno === '' ? undefined : { errno, path };
  return { code: isErrorCode(code) ? code : 'INTERNAL', sentence, trouble };
}

// The client's work that waits for the disk, as a table: one job performs each effect and ends in one input of the
// machine. A refusal is an answer; any other failure is our bug and ends the client. Decides nothing.

import { dirname } from 'node:path';
import { within } from '../../foundation/base/deferred.js';
import { MiniTorrentError, troubleOf } from '../../foundation/base/errors.js';
import { FORCED_END_MS, PROGRESS_MS } from '../../foundation/base/limits.js';
import type { Log } from '../../foundation/base/log.js';
import { nowAndThen } from '../../foundation/base/now-and-then.js';
import { openFilesLimit } from '../../foundation/base/this-machine.js';
import { type Address, sameAddress } from '../../foundation/torrent/address.js';
import { Geometry } from '../../foundation/torrent/geometry.js';
import { namedPair } from '../../foundation/torrent/tracker-pair.js';
import { refuseHungDisk } from '../../transfer/storage/disk/hung-disk.js';
import { explained, roomNear } from '../../transfer/storage/disk/room.js';
import { readMetainfo, writeMetainfo } from '../../transfer/storage/metainfo-file.js';
import { PartClaims } from '../../transfer/storage/part/claims.js';
import { loadTotals } from '../../transfer/storage/part/totals.js';
import { lookAtSource } from '../../transfer/storage/source/source.js';
import type { ClientInput } from '../effects.js';
import type { Entry } from '../files/record.js';
import { MOUNT_DEADLINE_MS, OPEN_FILES_FEW } from '../limits.js';
import type { ClientEvent } from '../messages.js';
import type { JobOptions } from '../options.js';
import { Reuse } from '../reuse/reuse.js';
import type { StatePaths } from '../state/library.js';
import { FolderStates } from './folder-states.js';
import { heldElsewhere } from './held-elsewhere.js';
import type { DiskEffect, Job, JobGroups, Jobs, Kind } from './job-table.js';
import { Links } from './links.js';
import { LocalHashing } from './local-hashing.js';
import { Looks } from './look.js';
import type { OpenFiles } from './open-files.js';
import type { FoundCopy } from './opened-part.js';
import { OwnCopies } from './own-copies.js';
import { PendingJobs, pathsAsked } from './pending-jobs.js';
import { partFailed, preparedFailed, prepareFailed, removalFailed } from './refused.js';
import { Rehash } from './rehash.js';
import { Relocation } from './relocation.js';
import { deleteAll, deleteNames } from './removal.js';
import { Reopener } from './reopener.js';
import { fetchedNow, Retirement } from './retirement.js';
import { rewriteMetainfo } from './rewriting.js';
import { type HashProgress, hashShare } from './share.js';
import { checkSignature, signerFor } from './signatures.js';
import { tellingJobs } from './telling.js';

export interface DiskJobsOptions {
  readonly paths: StatePaths;
  readonly files: OpenFiles;
  readonly hashThreads: number;
  readonly client: JobOptions;
  readonly log: Log;
  readonly post: (input: ClientInput) => void;
  readonly answer: (event: ClientEvent) => void;
  /** Settles when the library is on the disk as it is now, or could not be written. */
  readonly recorded: () => Promise<unknown>;
  readonly onFatal: (error: unknown) => void;
}

export class DiskJobs {
  readonly #options: DiskJobsOptions;
  readonly #hashing: LocalHashing;
  readonly #copies: OwnCopies;
  readonly #folders: FolderStates;
  readonly #links: Links;
  readonly #reopener: Reopener;
  readonly #rehash: Rehash;
  readonly #relocation: Relocation;
  readonly #retirement: Retirement;
  readonly #reuse: Reuse;
  readonly #looks: Looks;
  readonly #jobs: Jobs;
  readonly #claims: PartClaims;
  readonly #pending = new PendingJobs();
  /** The targets whose `.part` this client has claimed, by file. */
  readonly #claimed = new Map<number, string>();

  constructor(options: DiskJobsOptions) {
    const { paths, files, hashThreads, log, client } = options;
    const read = client.readMetainfo ?? readMetainfo;
    this.#options = options;
    this.#hashing = new LocalHashing(hashThreads, log);
    this.#claims = new PartClaims({ socket: client.socket ?? '', log });
    const mayName = (tracker: Address): boolean =>
      client.allowHostNames === true || client.trackers.some((own) => sameAddress(own, tracker));
    const [hashing, copies] = [this.#hashing, new OwnCopies({ paths, read, log })];
    this.#copies = copies;
    const folders = new FolderStates(hashing, paths, (entry) => files.servesFrom(entry));
    this.#folders = folders;
    this.#reopener = new Reopener({ paths, claims: this.#claims, hashing, copies, folders, files, read, mayName, log });
    this.#links = new Links(paths, mayName, client.credentials, client.trackers);
    const tell = (sentence: string): void => options.answer({ kind: 'notice', level: 'bad', sentence });
    const { otherShares } = client;
    this.#reuse = new Reuse({ hashing, files, otherShares, log, tell, onFatal: options.onFatal });
    this.#rehash = new Rehash({ hashing, files, paths, copies, folders });
    this.#relocation = new Relocation({ hashing, files, copies, folders });
    const { recorded } = options;
    this.#retirement = new Retirement({ paths, files, copies, folders, rehash: this.#rehash, log, recorded });
    this.#looks = new Looks({ deadlineMs: MOUNT_DEADLINE_MS, onHung: (mount) => this.#answerHung(mount) });
    this.#jobs = {
      ...this.#sharing(),
      ...this.#getting(),
      ...this.#downloading(),
      ...this.#looking(),
      ...this.#verifying(),
      ...this.#retiring(),
      ...tellingJobs({ rehash: this.#rehash, copies: this.#copies, answer: this.#options.answer }),
    };
  }

  perform(effect: DiskEffect): void {
    const { post, onFatal } = this.#options;
    // The type of the table says that each kind has its own job; the compiler cannot follow that through the index.
    const { perform, refused } = this.#jobs[effect.kind] as Job<Kind>;
    this.#pending.begun(effect);
    const asked = pathsAsked(effect);
    const work = asked.length === 0 ? perform(effect) : refuseHungDisk(asked).then(() => perform(effect));
    const done = work.finally(() => this.#pending.ended(effect));
    done.then(
      (input) => {
        if (input !== undefined) post(input);
      },
      async (failure: unknown) => {
        if (!(failure instanceof MiniTorrentError)) return onFatal(failure);
        const error = await explained(failure);
        post(refused(effect, { code: error.code, sentence: error.message, trouble: troubleOf(error) }));
      },
    );
  }

  /** Loads what jobs need later where descriptors are few, so that their lack cannot keep it out. */
  async prepare(): Promise<void> {
    if (openFilesLimit() < OPEN_FILES_FEW) await this.#hashing.load();
  }

  /** Paths of what did not end with this. */
  get hanging(): readonly string[] {
    return this.#pending.hanging;
  }

  #answerHung(mount: string): void {
    const sentence = `the disk mounted at ${mount} does not answer; files there wait for it, the others go on`;
    this.#options.answer({ kind: 'notice', level: 'bad', sentence });
  }

  /** Payload was sent or received: verification slows down. */
  payloadMoved(): void {
    this.#rehash.payloadMoved();
  }

  /** When a download has ended, its `.part` is closed. */
  downloadTold(event: Extract<ClientInput, { readonly kind: 'download' }>['event']): void {
    if (event.kind === 'progressed' && event.rate > 0) this.payloadMoved();
    if (event.kind === 'completed' || event.kind === 'failed' || event.kind === 'stopped')
      void this.#partClosed(event.file);
  }

  /** Nothing of this client writes to the `.part` of this file any more. */
  async #partClosed(file: number): Promise<void> {
    const path = this.#claimed.get(file);
    this.#claimed.delete(file);
    if (path !== undefined) await this.#claims.release(path);
  }

  /** Ends the threads and waits for all jobs; hashing is cancelled. No `.part` may be written to any more. */
  async close(): Promise<void> {
    this.#links.close();
    const closed = Promise.all([this.#hashing.close(), this.#claims.close(), this.#pending.allEnded()]);
    await within<unknown>(closed, FORCED_END_MS, () => this.#pending.noteHanging());
    await closed;
  }

  /** What a download has put at its target. If it is gone already, serving it fails and says so. */
  async #completedAt(entry: Entry): Promise<FoundCopy> {
    if (entry.folder !== undefined) return this.#folders.record(entry, this.#options.files.metainfo(entry.swarm));
    return { mtimeMs: (await lookAtSource(entry.path))?.mtimeMs ?? 0 };
  }

  /** Shows the hashing of what was found for a get, as that of a share is. */
  #hashReport(ask: number): (entry: Entry, done: number) => void {
    const { post } = this.#options;
    const report = nowAndThen(PROGRESS_MS, ({ entry, done }: { readonly entry: Entry; readonly done: number }) => {
      const { path, mtorrentPath, size } = entry;
      const { pieceCount: pieces } = new Geometry(size);
      post({ kind: 'shareProgressed', ask, path, mtorrentPath, size, pieces, done });
    });
    return (entry, done) => report({ entry, done });
  }

  #sharing(): JobGroups['sharing'] {
    const { files, post, answer } = this.#options;
    const trackers = namedPair(this.#options.client.trackers);
    const refused = prepareFailed;
    return {
      prepareShare: {
        perform: async ({ ask, kind: _, isSigned, ...order }) => {
          const { path, mtorrentPath } = order;
          const signer = signerFor(isSigned, this.#options.client);
          const report = nowAndThen(PROGRESS_MS, (progress: HashProgress) =>
            post({ kind: 'shareProgressed', ask, path, mtorrentPath, ...progress }),
          );
          const { entry, metainfo, notes } = await hashShare({ ...order, trackers, signer }, this.#hashing, report);
          const { metainfo: learned } = files.asked(metainfo);
          for (const sentence of notes) answer({ kind: 'notice', level: 'bad', sentence: `${path}: ${sentence}` });
          return { kind: 'shareHashed', ask, entry: await this.#folders.shared(entry, metainfo, learned) };
        },
        refused,
      },
      writeShare: {
        perform: async ({ ask, entry }) => {
          const metainfo = files.metainfo(entry.swarm);
          // First, so that a share which cannot be kept leaves no .mtorrent that nobody serves.
          await this.#copies.keep(metainfo);
          await writeMetainfo(entry.mtorrentPath, metainfo, { overwrite: false });
          return { kind: 'sharePrepared', ask, entry };
        },
        refused,
      },
    };
  }

  #getting(): JobGroups['getting'] {
    return {
      prepareGet: {
        perform: async ({ ask, reuse, noReuse, ...order }) => {
          const report = this.#hashReport(ask);
          const mtorrentPath = await this.#links.pathOf(order.mtorrentPath);
          const { metainfo, ...prepared } = await this.#reopener.prepareGet({ ...order, mtorrentPath }, report);
          checkSignature(metainfo, mtorrentPath, this.#options.client, this.#options.answer);
          const onHashed = (done: number): void => report(prepared.entry, done);
          const isNew = prepared.there === undefined;
          const wish = { paths: isNew ? reuse : [], isOff: isNew && noReuse };
          const entry = await this.#reuse.prepare(prepared.entry, metainfo, wish, onHashed);
          await this.#copies.keep(metainfo);
          await this.#reuse.tellRunning(entry, metainfo);
          return { kind: 'getPrepared', ask, ...prepared, entry };
        },
        refused: prepareFailed,
      },
      judgeTarget: {
        perform: async ({ ask, entry }) => {
          const report = this.#hashReport(ask);
          const found = await this.#reopener.judgeTarget(entry, (done) => report(entry, done));
          return { kind: 'targetJudged', ask, entry, ...found };
        },
        refused: preparedFailed,
      },
      judgeMoves: {
        perform: (effect) => this.#relocation.judge(effect, this.#hashReport(effect.ask)),
        refused: prepareFailed,
      },
    };
  }

  #downloading(): JobGroups['downloading'] {
    const { paths, files, answer } = this.#options;
    return {
      openPart: {
        perform: async ({ file, entry }) => {
          const metainfo = await this.#copies.learned(entry, files);
          const opened = await this.#reopener.openPart(entry, metainfo);
          if (opened.kind === 'whole') {
            await this.#reopener.forgetProgress(entry);
            return { kind: 'completedSeen', file, mtimeMs: opened.mtimeMs, have: opened.have };
          }
          this.#claimed.set(file, entry.path);
          const plan = this.#reuse.planForPart(entry, metainfo, opened);
          // The `.part` is closed then.
          await plan.catch(() => this.#partClosed(file));
          files.partOpened(file, opened, await plan);
          const totals = await loadTotals(paths.resumeOf(entry));
          return { kind: 'partOpened', file, have: files.offeredCount(file), totals };
        },
        refused: partFailed,
      },
      releasePart: {
        perform: async ({ file }) => {
          await files.releasePart(file);
          await this.#partClosed(file);
          return undefined;
        },
        refused: partFailed,
      },
      lookAtCompleted: {
        perform: async ({ file, entry }) => {
          const found = await this.#completedAt(entry);
          await this.#reopener.forgetProgress(entry);
          this.#reuse.forget(entry.swarm);
          const fetched = await fetchedNow(entry.path);
          return { kind: 'completedSeen', file, ...found, fetched };
        },
        refused: partFailed,
      },
      deleteFiles: {
        perform: async ({ ask, file, entry, unfinished, content, beside }) => {
          this.#rehash.forget(file);
          const layout = files.knows(entry) ? files.metainfo(entry.swarm).layout : undefined;
          await this.#folders.forget(file, entry);
          this.#reuse.forget(entry.swarm);
          files.forget(file, entry.swarm);
          const sentence = await deleteAll(entry, {
            paths,
            claims: this.#claims,
            copies: this.#copies,
            layout,
            unfinished,
            content,
            held: () => heldElsewhere(beside, entry.path, (other) => this.#copies.metainfoOf(other)),
          });
          if (sentence !== undefined) answer({ kind: 'notice', level: 'bad', sentence });
          return { kind: 'removed', ask, refusal: undefined };
        },
        refused: removalFailed,
      },
      replaceTracker: {
        perform: async ({ ask, named, moved, from, to, metainfo }) => {
          const rewritten = await rewriteMetainfo(metainfo, moved, from, to);
          return { kind: 'trackerReplaced', ask, named, from, ...rewritten };
        },
        refused: prepareFailed,
      },
      deleteMetainfo: {
        perform: async ({ ask, swarm, mtorrentPaths }) => {
          await deleteNames(mtorrentPaths, swarm);
          return { kind: 'removed', ask, refusal: undefined };
        },
        refused: removalFailed,
      },
    };
  }

  #looking(): JobGroups['looking'] {
    const { files } = this.#options;
    return {
      check: {
        perform: async ({ file, entry }) => {
          return { kind: 'checked', file, result: (await this.#reopener.check(entry)).result };
        },
        refused: ({ file }, { sentence, trouble }) => ({
          kind: 'checked',
          file,
          result: { kind: 'unusable', sentence, found: undefined, trouble },
        }),
      },
      lookAtSources: {
        perform: async ({ sources }) => ({ kind: 'sourcesSeen', seen: await this.#looks.at(sources) }),
        refused: () => ({ kind: 'sourcesSeen', seen: [] }),
      },
      lookAtEntries: {
        perform: async ({ file, entry, entries }) => {
          const seen = await this.#folders.look(file, entry, files.metainfo(entry.swarm), entries);
          return { kind: 'entriesSeen', file, seen };
        },
        refused: ({ file }) => ({ kind: 'entriesSeen', file, seen: undefined }),
      },
      lookAtRoom: {
        perform: async ({ file, path }) => ({ kind: 'roomSeen', file, room: await roomNear(dirname(path)) }),
        refused: ({ file }) => ({ kind: 'roomSeen', file, room: undefined }),
      },
    };
  }

  #verifying(): JobGroups['verifying'] {
    const { post } = this.#options;
    return {
      hashAgain: {
        perform: async (effect) => {
          const { file } = effect;
          const report = nowAndThen(PROGRESS_MS, (done: number) => post({ kind: 'verifyProgressed', file, done }));
          return { kind: 'hashedAgain', file, result: await this.#rehash.hashAgain(effect, report) };
        },
        refused: ({ file }, refusal) => ({ kind: 'hashedAgain', file, result: { kind: 'failed', refusal } }),
      },
      mend: {
        perform: async (effect) => ({ kind: 'mended', file: effect.file, have: await this.#rehash.mend(effect) }),
        refused: ({ file }, refusal) => ({ kind: 'mendFailed', file, refusal }),
      },
    };
  }

  #retiring(): JobGroups['retiring'] {
    return {
      lookAtFetched: {
        perform: (effect) => this.#retirement.look(effect),
        refused: ({ ask }, refusal) => ({ kind: 'fetchedUnseen', ask, refusal }),
      },
      retire: {
        perform: (effect) => this.#retirement.retire(effect),
        refused: ({ file }, refusal) => ({ kind: 'retireFailed', file, refusal }),
      },
    };
  }
}

// Defects that the tests must notice, planted one at a time by `npm run mutants`. Each is one edit of the code and the one
// test that has to fail with it. Whoever changes the code so that an edit no longer fits changes the edit with it; whoever
// deletes the test says here which other one guards the rule.

export interface Defect {
  readonly name: string;
  /** What is true no longer. */
  readonly breaks: string;
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly right: string;
  readonly wrong: string;
  /** The file of tests that is run, alone. */
  readonly test: string;
  /** The name of the test in it that must fail. */
  readonly rule: string;
}

const IDENTITY: readonly Defect[] = [
  {
    name: 'identity: peers see the client id',
    breaks: 'what peers see of a client is worth nothing at a tracker',
    file: 'src/torrent/ids.ts',
    right: 'return peerId(digest.subarray(0, PEER_ID_SIZE));',
    wrong: 'return peerId(digest.length > 0 ? keyBytes(client) : digest);',
    test: 'test/torrent/ids.test.ts',
    rule: 'a peer id is the first 16 bytes of the SHA-1 of client id and swarm key',
  },
  {
    name: 'identity: a burnt id is kept',
    breaks: 'a client whose id somebody else has burnt goes on under a new one',
    file: 'src/announce/machine.ts',
    right: 'if (nowMs < this.#renewableMs) return;',
    wrong: 'if (nowMs >= this.#renewableMs) return;',
    test: 'test/announce/identity.test.ts',
    rule: 'a client whose id is burnt at both trackers asks once for a new one, and is listed under it with all that it shares',
  },
  {
    name: 'identity: a tracker may burn ids without end',
    breaks: 'a tracker that lies costs a client an id an hour at most',
    file: 'src/announce/machine.ts',
    right: 'this.#renewableMs = nowMs + CLIENT_ID_RENEWAL_MS;',
    wrong: 'this.#renewableMs = nowMs + CLIENT_ID_RENEWAL_MS / 60;',
    test: 'test/announce/identity.test.ts',
    rule: 'a tracker that calls every id burnt is left for the other one, and costs an id an hour',
  },
];

const TRACKER: readonly Defect[] = [
  {
    name: 'tracker: all silent clients lapse in one step',
    breaks: 'a fleet that falls silent at once does not end its tracker',
    file: 'src/registry/leases.ts',
    right: '      if (entries >= entriesMax) break;\n',
    wrong: '',
    test: 'test/tracker/clean-up.test.ts',
    rule: 'when 50,000 clients fall silent at once, every commit stays within the link to the store, and all are off soon',
  },
  {
    name: 'tracker: each lapse is a frame of its own',
    breaks: 'what lapses together is written together',
    file: 'src/seederlist/rows.ts',
    right: `const isSame = first === undefined || first.change.kind === change.kind;`,
    wrong: `const isSame = first === undefined || (first.change.kind === change.kind && change.kind !== 'lapse');`,
    test: 'test/tracker/clean-up.test.ts',
    rule: 'when 50,000 clients fall silent at once, every commit stays within the link to the store, and all are off soon',
  },
  {
    name: 'tracker: a group is bounded by weight alone',
    breaks: 'no commit is larger than the link to the store carries',
    file: 'src/tracker/commits.ts',
    right: `      if (changeCount + first.changes.length > STORE_GROUP_CHANGES_MAX) break;\n`,
    wrong: '',
    test: 'test/tracker/commits.test.ts',
    rule: 'a group has no more changes than the link to the store carries, whatever its commits weigh',
  },
  {
    name: 'tracker: renewals are gathered for nobody',
    breaks: 'a tracker whose partner is away keeps nothing for it',
    file: 'src/registry/leases.ts',
    right: `    this.#renewed = isTold ? new Set() : undefined;`,
    wrong: `    this.#renewed ??= new Set();`,
    test: 'test/registry/leases.test.ts',
    rule: 'renewals are gathered for a partner that is told of them, and for nobody else',
  },
  {
    name: 'tracker: no fsync',
    breaks: 'what a tracker acknowledged is on its disk',
    file: 'src/seederlist/store.ts',
    right: `database.pragma('synchronous = FULL');`,
    wrong: `database.pragma('synchronous = OFF');`,
    test: 'test/seederlist/durability.test.ts',
    rule: 'the connection that writes flushes every commit',
  },
  {
    name: 'tracker: the log of commits is not flushed',
    breaks: 'what a tracker acknowledged is on its disk',
    file: 'src/seederlist/store.ts',
    right: `database.pragma('synchronous = FULL');`,
    wrong: `database.pragma('synchronous = NORMAL');`,
    test: 'test/seederlist/durability.test.ts',
    rule: 'a share is answered after its own flush',
  },
  {
    name: 'tracker: answers before the commit',
    breaks: 'an answer is sent after the commit',
    file: 'src/tracker/machine.ts',
    right: `      const { changes, weight, id, reply } = effect;
        this.#commits.push({ changes, weight, asker: { connection: number, id, reply } });
        this.#wait(connection, weight);
`,
    wrong: `      const { changes, reply } = effect;
        this.#pushOwn(changes);
        this.#effects.push({ kind: 'reply', connection: number, message: reply() });
`,
    test: 'test/tracker/session.test.ts',
    rule: 'an answer to a change waits for its commit, others do not',
  },
  {
    name: 'tracker: a removal leaves no tomb stone',
    breaks: 'a removed seeder never comes back by an older word',
    file: 'src/registry/registry.ts',
    right: `    this.#setVersion(entry, change);
    this.#setState(entry, 'removed', nowMs);`,
    wrong: `    this.#setState(entry, 'removed', nowMs);
    this.#forget({ kind: 'forget', swarm: change.swarm, client: change.client });`,
    test: 'test/tracker/session.test.ts',
    rule: 'S7: a removal touches the own entry only, and its older word does not bring it back',
  },
  {
    name: 'tracker: a removal leaves no tomb stone on the disk',
    breaks: 'a removed seeder never comes back by an older word, after a restart neither',
    file: 'src/seederlist/store.ts',
    right: 'for (const row of command.rows) remove.run(...row, wallMs);',
    wrong: `for (const row of command.rows) {
          remove.run(...row, wallMs);
          forget.run(row[0], row[1]);
        }`,
    test: 'test/seederlist/store.test.ts',
    rule: 'a restart finds what was committed, tomb stones too',
  },
  {
    name: 'tracker: the word that came last wins',
    breaks: 'the higher version wins, whenever it comes',
    file: 'src/registry/registry.ts',
    right: `if (order < 0 || (order === 0 && entry.state !== 'lapsed')) return;`,
    wrong: `if (order === 0 && entry.state !== 'lapsed') return;`,
    test: 'test/tracker/session.test.ts',
    rule: 'S7: a higher version wins, an equal one changes nothing, a lower one is acknowledged and ignored',
  },
  {
    name: 'tracker: of two trackers the one that speaks last wins',
    breaks: 'the higher version wins, whoever tells it',
    file: 'src/registry/registry.ts',
    right: 'if (order < 0 || (order === 0 && !isNew && !outranks(state, entry.state))) return;',
    wrong: 'if (order === 0 && !isNew && !outranks(state, entry.state)) return;',
    test: 'test/pair/pair.test.ts',
    rule: 'records of the partner end in the same list in whatever order and however often they come',
  },
  {
    name: 'tracker: the wall clock decides on the disk',
    breaks: 'no clock decides who is right',
    file: 'src/seederlist/schema.ts',
    right: `const NEWER = '(excluded.epoch, excluded.sequence) > (entries.epoch, entries.sequence)';`,
    wrong: `const NEWER = 'excluded.changed_at > entries.changed_at';`,
    test: 'test/seederlist/store.test.ts',
    rule: 'the disk says what the memory says, whatever changes come',
  },
  {
    name: 'tracker: leases run on while the list is loaded',
    breaks: 'nobody expires within one lease of the start',
    file: 'src/tracker/machine.ts',
    right: `    this.#leases.grace(nowMs);
    const { prng, uploads }`,
    wrong: `    const { prng, uploads }`,
    test: 'test/tracker/restart.test.ts',
    rule: 'after a restart everybody has a whole lease, however long the list took to load',
  },
  {
    name: 'tracker: leases run on while it is frozen',
    breaks: 'nobody expires because the tracker was silent',
    file: 'src/registry/leases.ts',
    right: 'if (lateMs <= this.#rule.leaseMs / 4) return 0;',
    wrong: 'if (lateMs <= this.#rule.leaseMs * 1e9) return 0;',
    test: 'test/tracker/session.test.ts',
    rule: 'F15: nobody expires because the tracker was frozen',
  },
];

const WIRE: readonly Defect[] = [
  {
    name: 'wire: a frame has no limit',
    breaks: 'a length above the limit is refused before it takes memory',
    file: 'src/wire/framing.ts',
    right: 'if (length > this.limit) throw',
    wrong: 'if (length > 2 ** 40) throw',
    test: 'test/wire/framing.test.ts',
    rule: 'P1: a length above the limit allocates nothing',
  },
  {
    name: 'wire: the quick way takes what the thorough one refuses',
    breaks: 'only the thorough way decides what is refused, the quick one may only miss',
    file: 'src/wire/schema.ts',
    right: '      return accepts(value) ? value : MISS;',
    wrong: '      return value;',
    test: 'test/wire/protocol.test.ts',
    rule: 'the quick way to read a frame finds what the thorough one finds, in whole frames and in damaged ones',
  },
  {
    name: 'wire: a field shares the memory of its frame',
    breaks: 'a decoded field owns its bytes',
    file: 'src/wire/reading.ts',
    right: '    const copy = new Uint8Array(length);',
    wrong: '    const copy = this.#bytes.subarray(begin, begin + length);',
    test: 'test/wire/protocol.test.ts',
    rule: 'L6: a decoded field owns its bytes: it does not keep or share the frame',
  },
  {
    name: 'wire: what waits behind a deaf peer holds the pool it was made in',
    breaks: 'a peer that does not read costs the memory that is counted, and no more',
    file: 'src/wire/outbox.ts',
    right: 'this.#socket.writableLength > 0 ? new Uint8Array(whole) : whole',
    wrong: 'whole',
    test: 'test/wire/outbox.test.ts',
    rule: 'a frame behind a peer that does not read holds its own bytes, and not the pool it was made in',
  },
];

const TRANSFER: readonly Defect[] = [
  {
    name: 'transfer: any bytes are right',
    breaks: 'verify, then write',
    file: 'src/hash/tasks.ts',
    right: `if (!equalBytes(createHash('sha1').update(piece).digest(), digest)) return ['mismatch', ''];`,
    wrong: `if (digest.length === 0) return ['mismatch', ''];`,
    test: 'test/hash/pool.test.ts',
    rule: 'a slot that does not match is never written',
  },
  {
    name: 'transfer: a wrong piece is had',
    breaks: 'nothing is had before it was verified and written',
    file: 'src/download/pieces.ts',
    right: "    assert(this.#state[piece] === STORING, 'only a piece being stored fails');\n",
    wrong: '    this.#have.set(piece);\n',
    test: 'test/sim/swarm.test.ts',
    rule: 'whatever its peers do, a download keeps only right bytes, loses no slot, and completes while honest peers stay',
  },
  {
    name: 'transfer: had before it is written',
    breaks: 'verify, then write, then mark have, then tell',
    file: 'src/download/pieces.ts',
    right: '    this.#enter(claim.piece, STORING);\n',
    wrong: '    this.#enter(claim.piece, STORING);\n    this.#have.set(claim.piece);\n',
    test: 'test/download/pieces.test.ts',
    rule: 'after any legal history, states, counts and claims agree with a plain list of what happened',
  },
  {
    name: 'transfer: a new .part through a link',
    breaks: 'a symbolic link is never followed, an existing file never taken over',
    file: 'src/disk/file.ts',
    right: 'constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW',
    wrong: 'constants.O_RDWR | constants.O_CREAT',
    test: 'test/disk/file.test.ts',
    rule: 'F12, S5: a part that exists is never taken over, a link in its place is never followed',
  },
  {
    name: 'transfer: a .part opened again through a link',
    breaks: 'a symbolic link is never followed',
    file: 'src/disk/file.ts',
    right: 'constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK',
    wrong: 'constants.O_RDWR | constants.O_NONBLOCK',
    test: 'test/disk/file.test.ts',
    rule: 'F12, S5: a part that exists is never taken over, a link in its place is never followed',
  },
  {
    name: 'transfer: a request has no deadline',
    breaks: 'every wait has a deadline',
    file: 'src/peer/fetch.ts',
    right: 'this.#progressMs >= REQUEST_DEADLINE_MS',
    wrong: 'this.#progressMs >= REQUEST_DEADLINE_MS * 1e9',
    test: 'test/peer/fetch.test.ts',
    rule: 'P12, P25: each way of ending has its deadline, and none comes early',
  },
  {
    name: 'transfer: beside others a download never gets a second peer',
    breaks: 'a download beside others is not left with one slow peer',
    file: 'src/download/breadth.ts',
    right: 'Math.floor((nowMs - this.#startedMs) / PEER_SHARE_MS)',
    wrong: 'Math.floor((0 * this.#startedMs) / PEER_SHARE_MS)',
    test: 'test/download/breadth.test.ts',
    rule: 'a small file beside others begins with one peer, and dials another for every second that it lasts',
  },
  {
    name: 'transfer: a slot is free when its request is cancelled',
    breaks: 'a slot has one writer until it is free again',
    file: 'src/download/asking.ts',
    right: '    claim.cancelled = true;\n',
    wrong: '    claim.cancelled = true;\n    this.#parts.slots.give(this.#parts.file, claim.slot);\n',
    test: 'test/download/endgame.test.ts',
    rule: 'the loser of two is cancelled, and its slot comes back with its answer, however it answers',
  },
  {
    name: 'transfer: a liar is not banned',
    breaks: 'who sent wrong bytes is not dialed again',
    file: 'src/download/machine.ts',
    right: 'this.#book.ban(source);',
    wrong: '',
    test: 'test/download/machine.test.ts',
    rule: 'P14: wrong bytes ban their sender on proof, and the piece is asked of another peer',
  },
  {
    name: 'transfer: uploads what is not had',
    breaks: 'nothing unverified is offered or uploaded',
    file: 'src/peer/serve.ts',
    right: 'if (!served.bitfield.has(at)) return',
    wrong: 'if (at >= served.bitfield.pieceCount) return',
    test: 'test/peer/serve.test.ts',
    rule: 'a request beyond its piece or the file is refused; one for what we lack is rejected',
  },
  {
    name: 'transfer: who waits for our upload limit counts as a slow reader',
    breaks: 'a limit of our own is nobody else’s fault',
    file: 'src/peer/serve.ts',
    right: 'this.#unread > 0 && nowMs - this.#takenMs >= UPLOAD_STALL_MS',
    wrong: 'this.#promised > 0 && nowMs - this.#takenMs >= UPLOAD_STALL_MS',
    test: 'test/peer/limits.test.ts',
    rule: 'who waits for its turn here is no slow reader; who has not read what was written is, and who has died meanwhile',
  },
  {
    name: 'transfer: a run counts as one buffer',
    breaks: 'what is read ahead for one peer is bounded',
    file: 'src/peer/upload.ts',
    right: 'return Math.ceil(bytes / PIECE_SIZE);',
    wrong: 'return Math.ceil(bytes / PIECE_SIZE / 1_000);',
    test: 'test/peer/upload.test.ts',
    rule: 'P13: one connection has bounded buffers, whether small blocks or runs fill them',
  },
  {
    name: 'transfer: whoever asks first has the whole download limit',
    breaks: 'no download starves another',
    file: 'src/download/pacer.ts',
    right: 'if (first === file && this.#bucket.mayPass(nowMs)) return true;',
    wrong: 'if (first > 0 && this.#bucket.mayPass(nowMs)) return true;',
    test: 'test/download/limits.test.ts',
    rule: 'two downloads share the limit evenly, however many peers each of them has',
  },
  {
    name: 'transfer: a run is withdrawn with the first of its pieces that came from elsewhere',
    breaks: 'a peer that stalls costs only what it owes',
    file: 'src/download/asking.ts',
    right: 'if (run.some(isLive)) return NO_EFFECTS;',
    wrong: 'if (run.every(isLive)) return NO_EFFECTS;',
    test: 'test/download/runs.test.ts',
    rule: 'P24: pieces of a run that stalls are taken over one by one, and it is withdrawn as a whole when none is left',
  },
  {
    name: 'transfer: runs under a download limit',
    breaks: 'a limit is kept within a tenth',
    file: 'src/download/asking.ts',
    right: 'requests.mayRun ? peer.runPieces : 1;',
    wrong: 'peer.runPieces;',
    test: 'test/download/runs.test.ts',
    rule: 'a slow peer, one that does not take runs, and one under a limit are asked piece by piece',
  },
  {
    name: 'transfer: a run goes on over what is more common',
    breaks: 'the rarest pieces come first',
    file: 'src/download/interest.ts',
    right: ' && this.availability(other) <= rarity;',
    wrong: ' && this.availability(other) <= rarity + 9;',
    test: 'test/download/runs.test.ts',
    rule: 'a run goes on only to pieces that are wanted, that the peer has, and that are as rare',
  },
  {
    name: 'transfer: every slot that comes back is asked for alone',
    breaks: 'runs stay runs while storing is slower than the network',
    file: 'src/download/asking.ts',
    right: 'room < most && room + pieces.storingCount >= most;',
    wrong: 'room < 1;',
    test: 'test/download/runs.test.ts',
    rule: 'while pieces are stored that come faster, slots are waited for until a run has them',
  },
  {
    name: 'transfer: the payload of a run goes on behind its first slot',
    breaks: 'a slot has one writer until it is free again',
    file: 'src/peer/landing.ts',
    right: '(this.#slots[piece] ?? 0) * PIECE_SIZE + from',
    wrong: '(this.#slots[0] ?? 0) * PIECE_SIZE + this.#at',
    test: 'test/peer/runs.test.ts',
    rule: 'payload lands byte for byte in the slots of its pieces, however it is cut',
  },
  {
    name: 'upload: whoever does not read holds every buffer',
    breaks: 'peers that do not read leave those who do their bytes',
    file: 'src/peer/buffers.ts',
    right: 'return this.#large.length > 0 || this.#small.length > 0;',
    wrong: 'return this.#large.length > 0;',
    test: 'test/peer/bad-peers.test.ts',
    rule: 'P13: peers that hold every buffer and never read leave those who read their bytes',
  },
  {
    name: 'upload: first come, first served for places',
    breaks: 'a crowd from few addresses keeps nobody else out',
    file: 'src/peer/admission.ts',
    right: "if (crowd.size <= own + 1) return { kind: 'refused' };",
    wrong: "if (crowd.size > own) return { kind: 'refused' };",
    test: 'test/peer/admission.test.ts',
    rule: 'when all places are taken, a newcomer from elsewhere takes that of who has gone longest without payload',
  },
];

const ANNOUNCE: readonly Defect[] = [
  {
    name: 'announce: pings for the lease only',
    breaks: 'a tracker that freezes is replaced within 5 s while somebody waits for it',
    file: 'src/announce/pulse.ts',
    right: 'return isPressing ? ',
    wrong: 'return isPressing && this.#renewMs === 0 ? ',
    test: 'test/announce/failover.test.ts',
    rule: 'while a file is fetched, a tracker that freezes at any moment is replaced within 5 s',
  },
  {
    name: 'announce: leaves by one tracker only',
    breaks: 'leaving reaches a tracker that lives',
    file: 'src/announce/machine.ts',
    right: '(this.#phase.askedMs ?? never) + LEAVE_REPLY_DEADLINE_MS',
    wrong: '(this.#phase.askedMs ?? never) + LEAVE_REPLY_DEADLINE_MS * 1e6',
    test: 'test/announce/failover.test.ts',
    rule: 'leaving takes less than a second whatever the trackers do, and reaches one that lives',
  },
  {
    name: 'announce: back-off without jitter',
    breaks: 'a fleet that lost its tracker does not come back in step',
    file: 'src/announce/links.ts',
    right: 'nowMs + 1 + this.#prng.next() * boundMs',
    wrong: 'nowMs + 1 + Math.max(1, this.#prng.next()) * boundMs',
    test: 'test/announce/failover.test.ts',
    rule: 'tries of a tracker that is away thin out from 1 s to 60 s, each with full jitter',
  },
  {
    name: 'announce: every tracker counts as ready',
    breaks: 'a tracker that answers lists late is only used while the other does not answer',
    file: 'src/announce/machine.ts',
    right: 'this.#links.greeted(tracker, reply.ready, nowMs)',
    wrong: 'this.#links.greeted(tracker, true, nowMs)',
    test: 'test/announce/failover.test.ts',
    rule: 'a first tracker that comes back and is not ready is left alone until it is',
  },
];

const CLIENT: readonly Defect[] = [
  {
    name: 'verify: bad pieces stay announced',
    breaks: 'nothing is served or announced of a file whose bad pieces are known',
    file: 'src/client/verifications.ts',
    right: 'const withdrawn = withdraw(record);',
    wrong: 'const withdrawn: ReturnType<typeof withdraw> = [];',
    test: 'test/client/verifications.test.ts',
    rule: 'a running download with bad pieces is withdrawn and let go, mended, and goes on',
  },
  {
    name: 'threads: only the one that accepts says where the client listens',
    breaks: 'whoever is dialed can dial back',
    file: 'src/peer/actor.ts',
    right: `      uploadPort,
      address: { host, port },`,
    wrong: `      uploadPort: this.#self.name === 'peer-0' ? uploadPort : 0,
      address: { host, port },`,
    test: 'test/e2e/placement.test.ts',
    rule: 'every peer thread says to the peers that it dials where the client listens, whichever accepts',
  },
];

const ACTOR: readonly Defect[] = [
  {
    name: 'actor: a wake-up that rings early is the only one',
    breaks: 'a machine is woken at or after the time that it asked for',
    file: 'src/actor/timers.ts',
    right: 'if (systemClock.nowMs() < atMs) arm();',
    wrong: 'if (systemClock.nowMs() < 0) arm();',
    test: 'test/actor/timers.test.ts',
    rule: 'of many wake-ups none comes before its time',
  },
];

const ATTACH: readonly Defect[] = [
  {
    name: 'attach: users share their numbers',
    breaks: 'an answer goes to whoever asked, and to nobody else',
    file: 'src/api/lines.ts',
    right: '    while (this.#open.has(this.#lastAsk));',
    wrong: '    while (false);',
    test: 'test/api/lines.test.ts',
    rule: 'when all numbers have been used, one is not used anew while its question is open',
  },
  {
    name: 'attach: who leaves is not forgotten',
    breaks: 'the answers to who has left go nowhere',
    file: 'src/api/lines.ts',
    right: 'for (const ask of this.#users.get(user) ?? []) this.#open.delete(ask);',
    wrong: '',
    test: 'test/api/lines.test.ts',
    rule: 'with any interleaving each answer reaches its asker exactly once, under its own number',
  },
  {
    name: 'attach: the socket is open to everybody',
    breaks: 'only the user of a client may use it',
    file: 'src/attach/listener.ts',
    right: 'process.umask(0o177)',
    wrong: 'process.umask(0)',
    test: 'test/attach/door.test.ts',
    rule: 'the socket is for its user alone, in a directory for the user alone',
  },
  {
    name: 'attach: takes a place where somebody listens',
    breaks: 'a socket that lives is never replaced',
    file: 'src/attach/listener.ts',
    right: 'if (await somebodyAnswers(path)) throw alreadyRunning(path);',
    wrong: 'await somebodyAnswers(path);',
    test: 'test/attach/door.test.ts',
    rule: 'a socket on which somebody else listens is not replaced',
  },
  {
    name: 'attach: unread events are kept without a bound',
    breaks: 'who does not read costs a bounded amount of memory',
    file: 'src/attach/user.ts',
    right: 'this.#socket.writableLength > ATTACHED_UNREAD_BYTES_MAX',
    wrong: 'this.#socket.writableLength > ATTACHED_UNREAD_BYTES_MAX * 1e6',
    test: 'test/attach/door.test.ts',
    rule: 'who leaves too much unread is dropped, and others are answered',
  },
  {
    name: 'attach: asks without a bound',
    breaks: 'one user has a bounded number of questions open',
    file: 'src/attach/listener.ts',
    right: 'isFull: () => (line?.openCount() ?? 0) >= ATTACHED_ASKS_MAX',
    wrong: 'isFull: () => (line?.openCount() ?? 0) >= ATTACHED_ASKS_MAX * 1e6',
    test: 'test/attach/door.test.ts',
    rule: 'who has as many questions open as it may is read on as soon as one is answered',
  },
];

export const CATALOGUE: readonly Defect[] = [
  ...IDENTITY,
  ...TRACKER,
  ...WIRE,
  ...TRANSFER,
  ...ANNOUNCE,
  ...CLIENT,
  ...ATTACH,
  ...ACTOR,
];

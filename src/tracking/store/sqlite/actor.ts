// The thread of the seeder list: loads it, then makes each group of changes one transaction. Reports a failed commit
// and drops its changes; after `broken` it commits nothing more.

import { type Link, openLink } from '../../../foundation/actor/link.js';
import type { ThreadSelf } from '../../../foundation/actor/thread.js';
import { assert, present } from '../../../foundation/base/assert.js';
import { fitting } from '../../../foundation/base/bytes.js';
import { ClockSteps } from '../../../foundation/base/clock-steps.js';
import { SENTENCE_BYTES_MAX } from '../../../foundation/wire/limits.js';
import { STORE_LOG_CHECK_MS } from './limits.js';
import { loadedEvents } from './loading.js';
import { type StoreCommand, type StoreEvent, storeCommands, storeEvents, storeSettings } from './messages.js';
import { openError } from './open-errors.js';
import { takeOwnFile } from './own-file.js';
import { type ListLock, lockBesideList } from './side-lock.js';
import { SeederStore } from './store.js';

export function runStoreThread(self: ThreadSelf): void {
  const { path, own, cluster } = storeSettings.decode(self.settings);
  let lock: ListLock | undefined;
  let logBytes = 0;
  let logLookMs = Number.NEGATIVE_INFINITY;
  let store: SeederStore | undefined;
  let gathered: StoreCommand[] = [];
  let isBroken = false;
  const clock = new ClockSteps(Date.now(), performance.now());
  const link: Link<StoreEvent> = openLink({
    port: present(self.ports[0], 'the store has one link'),
    sends: storeEvents,
    receives: storeCommands,
    handle: (command) => {
      if (command.kind === 'readPart') {
        const { asker, swarm, offset } = command;
        link.tell({
          kind: 'partRead',
          asker,
          swarm,
          offset,
          part: present(store, 'an open store').part(swarm, offset),
        });
        return;
      }
      if (command.kind === 'readHashes') {
        const { read, swarm, offset, length } = command;
        link.tell({ kind: 'hashesRead', read, part: present(store, 'an open store').hashes(swarm, offset, length) });
        return;
      }
      if (command.kind !== 'commit') {
        gathered.push(command);
        return;
      }
      const commands = gathered;
      gathered = [];
      assert(store !== undefined && !isBroken, 'a working store commits');
      const nowMs = performance.now();
      if (nowMs - logLookMs >= STORE_LOG_CHECK_MS) [logLookMs, logBytes] = [nowMs, store.logBytes()];
      const event = commit(store, commands, command, clock, logBytes);
      isBroken = event.kind === 'failed' && event.outcome === 'broken';
      link.tell(event);
    },
    onCrash: (error) => self.crash(error),
  });
  try {
    lock = lockBesideList(path);
    takeOwnFile(path);
    store = SeederStore.open(path);
    const movedFrom = store.usedAt(own, cluster);
    store.resume(Date.now());
    for (const event of loadedEvents(store, movedFrom, Date.now())) link.tell(event);
  } catch (error) {
    const { code, message } = openError(error, path);
    link.tell({ kind: 'openFailed', code, sentence: message });
  }
  self.onStop(async () => {
    // What is unknown is left for SQLite to sort out at the next start.
    if (!isBroken) store?.close();
    lock?.release();
  });
  self.ready();
}

function commit(
  store: SeederStore,
  commands: readonly StoreCommand[],
  { group, position }: { readonly group: number; readonly position: number },
  clock: ClockSteps,
  logBytes: number,
): StoreEvent {
  const [wallMs, beganMs] = [Date.now(), performance.now()];
  const setByMs = clock.stepMs(wallMs, beganMs);
  const failure = store.commit(commands, wallMs, position, setByMs);
  if (failure === undefined) {
    clock.settle(setByMs);
    return { kind: 'committed', group, tookMs: performance.now() - beganMs, logBytes };
  }
  const { outcome, error } = failure;
  const sentence = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', group, outcome, sentence: fitting(sentence, SENTENCE_BYTES_MAX) };
}

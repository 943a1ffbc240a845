// Runs the programs that a user has set for the ends of downloads, as the queue decides. A hook that fails is told, and
// nothing else follows from it.

import { Host } from '../../foundation/actor/host.js';
import { deferred } from '../../foundation/base/deferred.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { type LogFile, type LogTarget, openLog } from '../../foundation/base/log.js';
import { printable } from '../../foundation/torrent/names.js';
import type { ClientNotification } from '../library/request-client.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { type HookEvent, hookEnvironment } from './hook-facts.js';
import { checkHookProgram } from './hook-program.js';
import { type HookEffect, type HookInput, HookQueue } from './hook-queue.js';
import { HookRun } from './hook-run.js';
import { HOOKS_WAITING_MAX } from './limits.js';

export interface HookSettings {
  /** Absolute paths; undefined: none. */
  readonly onComplete: string | undefined;
  readonly onError: string | undefined;
  /** How long one may run. */
  readonly timeoutMs: number;
}

const WHY_DROPPED = {
  crowded: `${HOOKS_WAITING_MAX} others wait already; hooks have to end sooner`,
  closing: 'the client is ending',
} as const;

export type Say = (level: 'good' | 'bad', sentence: string) => void;

/** Rejects as `checkHookProgram` does. */
export async function checkHooks({ onComplete, onError }: HookSettings): Promise<void> {
  if (onComplete !== undefined) await checkHookProgram(onComplete, 'on-complete');
  if (onError !== undefined) await checkHookProgram(onError, 'on-error');
}

export class Hooks {
  readonly #client: SwarmClient;
  readonly #settings: HookSettings;
  readonly #say: Say;
  readonly #logFile: LogFile;
  readonly #queue: HookQueue;
  readonly #host: Host<HookInput, HookEffect>;
  readonly #runs = new Map<number, HookRun>();
  /** Those that ran for longer than they may. */
  readonly #late = new Set<number>();
  readonly #unlisten: () => void;
  readonly #idlers: (() => void)[] = [];
  #isClosing = false;
  readonly #closing = deferred<void>();
  readonly #killAll = (): void => {
    for (const run of this.#runs.values()) run.signal('SIGKILL');
  };

  constructor(client: SwarmClient, settings: HookSettings, log: LogTarget, say: Say) {
    this.#client = client;
    this.#settings = settings;
    this.#say = say;
    this.#logFile = openLog(log, 'hooks');
    this.#queue = new HookQueue(settings.timeoutMs);
    this.#host = new Host<HookInput, HookEffect>({
      name: 'hooks',
      machine: this.#queue,
      perform: (effect) => this.#perform(effect),
      onCrash: (error) => {
        this.#killAll();
        this.#tell(`hooks are not run any more: ${error instanceof Error ? error.message : String(error)}`);
        this.#becomeIdle();
      },
    });
    this.#unlisten = client.listen((event) => this.#hear(event));
    // A second Ctrl-C ends this process at once.
    process.on('exit', this.#killAll);
  }

  /** Settles when no hook runs or waits. */
  async idle(): Promise<void> {
    if (this.#queue.isIdle || this.#host.isStopped) return;
    const idle = deferred<void>();
    this.#idlers.push(() => idle.resolve());
    await idle.promise;
  }

  /** Ends the hooks that run; those that wait are not run. */
  async close(): Promise<void> {
    this.#unlisten();
    this.#isClosing = true;
    this.#closing.resolve();
    this.#host.post({ kind: 'close' });
    await this.idle();
    process.off('exit', this.#killAll);
    this.#host.stop();
    this.#logFile.close();
  }

  #hear(event: ClientNotification): void {
    const happened = eventOf(event);
    if (happened === undefined || this.#programOf(happened) === undefined) return;
    this.#host.post({ kind: 'happened', event: happened });
  }

  #programOf({ kind }: HookEvent): string | undefined {
    return kind === 'complete' ? this.#settings.onComplete : this.#settings.onError;
  }

  #perform(effect: HookEffect): void {
    switch (effect.kind) {
      case 'start':
        void this.#run(effect.run, effect.event);
        return;
      case 'signal':
        this.#runs.get(effect.run)?.signal(effect.signal);
        return;
      case 'late':
        this.#late.add(effect.run);
        this.#logFile.log.warn(
          { run: effect.run },
          'a hook ran for longer than hook-timeout allows and is being ended',
        );
        return;
      case 'dropped':
        this.#tell(`no hook is run for ${effect.event.name}: ${WHY_DROPPED[effect.because]}`);
        return;
      default:
        this.#becomeIdle();
    }
  }

  async #run(run: number, event: HookEvent): Promise<void> {
    const log = this.#logFile.log.of(`hook-${run}`);
    const program = this.#programOf(event) ?? '';
    const { kind, name, path } = event;
    try {
      const file = await this.#client.file(path).catch(unknownFile);
      const check = checkHookProgram(program, kind === 'complete' ? 'on-complete' : 'on-error');
      await Promise.race([check, this.#closing.promise]);
      if (this.#isClosing) throw new MiniTorrentError('CANCELLED', WHY_DROPPED.closing);
      log.info({ program, event: kind, path }, 'a hook starts');
      const running = new HookRun(program, hookEnvironment(event, file, process.env), (line) =>
        log.info({}, `its output: ${line}`),
      );
      this.#runs.set(run, running);
      const { failure, hasRun } = await running.ended;
      const isLate = this.#late.has(run) && !this.#isClosing;
      if (!hasRun) this.#tell(`no hook is run for ${name}: ${program} ${failure}`);
      else if (failure !== undefined || isLate) {
        const what = isLate ? `ran for longer than hook-timeout allows, and ${failure ?? 'has ended then'}` : failure;
        this.#tell(`${program} ${what}, run for ${name}; its output is in the log`);
      } else log.info({}, 'the hook has ended');
    } catch (error) {
      if (!(error instanceof MiniTorrentError)) throw error;
      this.#tell(`no hook is run for ${name}: ${error.message}`);
    } finally {
      this.#runs.delete(run);
      this.#late.delete(run);
      this.#host.post({ kind: 'ended', run });
    }
  }

  #tell(sentence: string): void {
    this.#logFile.log.warn({}, sentence);
    this.#say('bad', printable(sentence));
  }

  #becomeIdle(): void {
    for (const resolve of this.#idlers.splice(0)) resolve();
  }
}

function eventOf(event: ClientNotification): HookEvent | undefined {
  if (event.kind === 'completed') return { kind: 'complete', name: event.name, path: event.path, code: '', reason: '' };
  if (event.kind !== 'failed' && event.kind !== 'stalled') return undefined;
  const { name, path, code, sentence } = event;
  return { kind: event.kind === 'failed' ? 'error' : 'stalled', name, path, code, reason: sentence };
}

/** It was removed, or the client is ending. */
function unknownFile(error: unknown): undefined {
  if (error instanceof MiniTorrentError) return undefined;
  throw error;
}

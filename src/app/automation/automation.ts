// What a client does by itself besides transfers, as one thing that starts and ends with it. Loaded only where a
// setting asks for some of it.

import type { LogTarget } from '../../foundation/base/log.js';
import type { Credentials } from '../../foundation/identity/credentials.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { RetentionRules } from '../library/views.js';
import { checkHooks, type HookSettings, Hooks, type Say } from './hooks.js';
import { RetentionRounds } from './retention.js';
import { ScheduledLimits, type ScheduleSettings } from './scheduled-limits.js';
import { WatchedFolder, type WatchSettings } from './watched-folder.js';

export interface AutomationSettings {
  readonly hooks: HookSettings;
  /** Undefined: no folder is watched. */
  readonly watch: WatchSettings | undefined;
  /** Undefined: the limits stay as they are set. */
  readonly schedule: ScheduleSettings | undefined;
  /** Undefined: nothing is deleted. */
  readonly retention: RetentionRules | undefined;
}

/** What runs beside one client. */
export interface Automation {
  /** Settles when nothing is left to do for what has happened so far. */
  idle(): Promise<void>;
  /** To be called when the client ends. */
  close(): Promise<void>;
}

/** The client that this runs beside. */
export interface Automated {
  readonly client: SwarmClient;
  readonly log: LogTarget;
  readonly credentials?: Credentials | undefined;
}

/** Rejects with MiniTorrentError for a setting that cannot work, before a client starts. */
export async function checkAutomation({ hooks }: AutomationSettings): Promise<void> {
  await checkHooks(hooks);
}

/** @param say tells a person; the log gets the same by itself. */
export function startAutomation(
  { client, log, credentials }: Automated,
  settings: AutomationSettings,
  say: Say,
): Automation {
  const { onComplete, onError } = settings.hooks;
  const hooks =
    onComplete === undefined && onError === undefined ? undefined : new Hooks(client, settings.hooks, log, say);
  const watched =
    settings.watch === undefined ? undefined : new WatchedFolder(client, settings.watch, credentials, log, say);
  const scheduled = settings.schedule === undefined ? undefined : new ScheduledLimits(client, settings.schedule);
  const retention = settings.retention === undefined ? undefined : new RetentionRounds(client, settings.retention, log);
  return {
    idle: async () => hooks?.idle(),
    close: async () => {
      scheduled?.close();
      retention?.close();
      await Promise.all([hooks?.close(), watched?.close()]);
    },
  };
}

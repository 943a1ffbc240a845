// What a client does by itself besides transfers, as one thing that starts and ends with it. Loaded only where a
// setting asks for some of it.

import type { LogTarget } from '../../foundation/base/log.js';
import type { SwarmClient } from '../library/swarm-client.js';
import { checkHooks, type HookSettings, Hooks, type Say } from './hooks.js';

export interface AutomationSettings {
  readonly hooks: HookSettings;
}

/** What runs beside one client. */
export interface Automation {
  /** Settles when nothing is left to do for what has happened so far. */
  idle(): Promise<void>;
  /** To be called when the client ends. */
  close(): Promise<void>;
}

/** Rejects with MiniTorrentError for a setting that cannot work, before a client starts. */
export async function checkAutomation({ hooks }: AutomationSettings): Promise<void> {
  await checkHooks(hooks);
}

/** @param say tells a person; the log gets the same by itself. */
export function startAutomation(
  client: SwarmClient,
  settings: AutomationSettings,
  log: LogTarget,
  say: Say,
): Automation {
  const { onComplete, onError } = settings.hooks;
  const hooks =
    onComplete === undefined && onError === undefined ? undefined : new Hooks(client, settings.hooks, log, say);
  return {
    idle: async () => hooks?.idle(),
    close: async () => hooks?.close(),
  };
}

// What the settings ask a client to do by itself: checked before the client starts, and loaded only where there is
// something to do.

import { assert } from '../../foundation/base/assert.js';
import type { LogTarget } from '../../foundation/base/log.js';
import type { Automation, AutomationSettings } from '../automation/automation.js';
import type { SwarmClient } from '../library/swarm-client.js';
import type { Settings } from '../settings/resolve.js';

export type StartAutomation = (
  local: { readonly client: SwarmClient; readonly log: LogTarget | undefined },
  say: (level: 'good' | 'bad', sentence: string) => void,
) => Automation;

const NOTHING: Automation = { idle: async () => undefined, close: async () => undefined };

/** Answers what starts it. Rejects with MiniTorrentError for a setting that cannot work. */
export async function prepareAutomation({ values }: Settings): Promise<StartAutomation> {
  const wanted: AutomationSettings = {
    hooks: {
      onComplete: chosen(values['on-complete']),
      onError: chosen(values['on-error']),
      timeoutMs: values['hook-timeout'],
    },
  };
  if (wanted.hooks.onComplete === undefined && wanted.hooks.onError === undefined) return () => NOTHING;
  const { checkAutomation, startAutomation } = await import('../automation/automation.js');
  await checkAutomation(wanted);
  return ({ client, log }, say) => {
    assert(log !== undefined, 'a client of this process has a log');
    return startAutomation(client, wanted, log, say);
  };
}

/** A path, where none and `off` mean the same. */
function chosen(path: string | undefined): string | undefined {
  return path === '' ? undefined : path;
}

/** A notice for the console of this process. */
export function tellAt(client: SwarmClient, level: 'good' | 'bad', sentence: string): void {
  client.onEvent({ kind: 'notice', level, sentence });
}

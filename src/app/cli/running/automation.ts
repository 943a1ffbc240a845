// What the settings ask a client to do by itself: checked before the client starts, and loaded only where there is
// something to do.

import { assert } from '../../../foundation/base/assert.js';
import type { LogTarget } from '../../../foundation/base/log.js';
import type { Credentials } from '../../../foundation/identity/credentials.js';
import type { Automation, AutomationSettings } from '../../automation/automation.js';
import type { SwarmClient } from '../../library/swarm-client.js';
import type { Settings } from '../../settings/resolve.js';
import { clientConfigOf } from '../client-config.js';

export type StartAutomation = (
  local: {
    readonly client: SwarmClient;
    readonly log: LogTarget | undefined;
    readonly credentials?: Credentials | undefined;
  },
  say: (level: 'good' | 'bad', sentence: string) => void,
) => Automation;

const NOTHING: Automation = { idle: async () => undefined, close: async () => undefined };

/**
 * Answers what starts it. Rejects with MiniTorrentError for a setting that cannot work.
 * @param daemonDir state directory of a client that runs in the background; undefined: it ends with its user, and
 * watches nothing.
 */
export async function prepareAutomation(settings: Settings, daemonDir?: string): Promise<StartAutomation> {
  const { values } = settings;
  const wanted: AutomationSettings = {
    hooks: {
      onComplete: chosen(values['on-complete']),
      onError: chosen(values['on-error']),
      timeoutMs: values['hook-timeout'],
    },
    watch: daemonDir === undefined ? undefined : watchOf(settings, daemonDir),
    schedule: scheduleOf(settings),
    retention: retentionOf(settings),
  };
  const { hooks, watch, schedule, retention } = wanted;
  const parts = [hooks.onComplete, hooks.onError, watch, schedule, retention];
  if (parts.every((part) => part === undefined)) return () => NOTHING;
  const { checkAutomation, startAutomation } = await import('../../automation/automation.js');
  await checkAutomation(wanted);
  return ({ client, log, credentials }, say) => {
    assert(log !== undefined, 'a client of this process has a log');
    return startAutomation({ client, log, credentials }, wanted, say);
  };
}

function scheduleOf({ values }: Settings): AutomationSettings['schedule'] {
  const timetable = values['limit-schedule'];
  if (timetable.length === 0) return undefined;
  return { timetable, usual: { up: values['upload-limit'], down: values['download-limit'] } };
}

function retentionOf({ values }: Settings): AutomationSettings['retention'] {
  const [days, versions, budget] = [values['keep-days'], values['keep-versions'], values['disk-budget']];
  return days + versions + budget === 0 ? undefined : { days, versions, budget };
}

function watchOf(settings: Settings, stateDir: string): AutomationSettings['watch'] {
  const { values } = settings;
  const directory = chosen(values['watch-dir']);
  if (directory === undefined) return undefined;
  const { stateRoot, mayName } = clientConfigOf(settings);
  return { directory, destination: values['watch-dest'] ?? values['download-dir'], stateDir, stateRoot, mayName };
}

/** A path, where none and `off` mean the same. */
function chosen(path: string | undefined): string | undefined {
  return path === '' ? undefined : path;
}

/** A notice for the console of this process. */
export function tellAt(client: SwarmClient, level: 'good' | 'bad', sentence: string): void {
  client.onEvent({ kind: 'notice', level, sentence });
}

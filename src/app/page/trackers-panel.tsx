// The trackers of the client, and whether they answer.

import { useAsked } from './looking.js';
import type { TrackerRow } from './rows.js';

const TRACKERS_MS = 2_000;
const WORDS = { talking: 'in use', standby: 'standby', away: 'not responding' } as const;

export function TrackersPanel() {
  const { answer } = useAsked<{ readonly trackers: readonly TrackerRow[] }>('trackers', TRACKERS_MS);
  if (answer === undefined) return null;
  return (
    <section class="card" aria-labelledby="trackers">
      <h2 id="trackers">Trackers</h2>
      {answer.trackers.length === 0 && <p class="hint">No tracker has been needed yet.</p>}
      <ul class="rows">
        {answer.trackers.map(({ address, state, reason }, at) => (
          // One tracker may belong to two pairs.
          <li key={`${address} ${at}`}>
            <span class={`dot ${state}`} aria-hidden="true" />
            <span class="mono">{address}</span> <span class={`state ${state}`}>{WORDS[state]}</span>
            {reason !== '' && <span class="hint">{reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

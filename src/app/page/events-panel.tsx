// What happened since the page was opened, newest first: the events of the client, listened to while somebody sees the
// page.

import { eventsUrl } from './api.js';
import { useEffect, useState } from './preact.js';

const LINES_MAX = 50;

interface EventRow {
  readonly event: string;
  readonly level?: 'good' | 'bad';
  readonly sentence?: string;
  readonly name?: string;
}

interface Line {
  readonly key: number;
  readonly at: string;
  readonly isBad: boolean;
  readonly text: string;
}

export function EventsPanel() {
  const [lines, setLines] = useState<readonly Line[]>([]);
  useEffect(() => {
    let source: EventSource | undefined;
    let key = 0;
    const heard = ({ data }: MessageEvent<string>): void => {
      const line = lineOf(JSON.parse(data) as EventRow);
      if (line === undefined) return;
      key += 1;
      const at = new Date().toLocaleTimeString([], { hour12: false });
      setLines((before) => [{ ...line, key, at }, ...before].slice(0, LINES_MAX));
    };
    const follow = (): void => {
      source?.close();
      source = undefined;
      if (document.hidden) return;
      source = new EventSource(eventsUrl());
      source.onmessage = heard;
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      source?.close();
    };
  }, []);
  return (
    <section class="card" aria-labelledby="events">
      <h2 id="events">Events</h2>
      {lines.length === 0 && <p class="hint">Nothing since this page was opened.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <section class="log" aria-label="Lines" tabIndex={0}>
        <ol>
          {lines.map(({ key, at, isBad, text }) => (
            <li key={key} class={isBad ? 'bad' : ''}>
              <time>{at}</time> {text}
            </li>
          ))}
        </ol>
      </section>
    </section>
  );
}

function lineOf({ event, level, sentence, name }: EventRow): Pick<Line, 'isBad' | 'text'> | undefined {
  switch (event) {
    case 'notice':
      return { isBad: level === 'bad', text: sentence ?? '' };
    case 'failed':
      return { isBad: true, text: sentence ?? '' };
    case 'completed':
      return { isBad: false, text: `${name ?? 'a download'} is complete` };
    default:
      return undefined;
  }
}

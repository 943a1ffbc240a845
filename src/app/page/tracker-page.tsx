// The page of a tracker: what it holds, whether it is in step with its partner, and how many announces it takes.

import { counted, formatBytes } from './figures.js';
import { useAsked } from './looking.js';
import type { AboutRow } from './rows.js';

const STATUS_MS = 2_000;
const LIST_MS = 5_000;

interface ListedRow {
  readonly name: string;
  readonly size: number;
  readonly seeders: number;
  readonly complete: number;
  readonly swarm: string;
}

export function TrackerPage({ about }: { readonly about: AboutRow }) {
  const status = useAsked<{ readonly stats?: Readonly<Record<string, unknown>> }>('stats', STATUS_MS);
  const list = useAsked<{ readonly files: readonly ListedRow[] }>('list', LIST_MS);
  const figures = Object.entries(status.answer?.stats ?? {}).filter(([, value]) => typeof value !== 'object');
  return (
    <>
      <header>
        <h1>
          <img src="icon.svg" alt="" width="24" height="24" /> Mini-Torrent tracker
        </h1>
        <p class="who">
          {about.address} · {about.version}
        </p>
        {status.problem !== undefined && (
          <p class="problem" role="alert">
            {status.problem}. What is shown may be old.
          </p>
        )}
      </header>
      <main>
        <section class="card" aria-labelledby="swarms">
          <h2 id="swarms">
            Swarms <span class="count">{list.answer?.files.length ?? 0}</span>
          </h2>
          <ul class="rows">
            {list.answer?.files.map(({ name, size, seeders, complete, swarm }) => (
              <li key={swarm}>
                <b>{name}</b> {formatBytes(size)} · {counted(seeders, 'seeder')} ({complete} complete)
              </li>
            ))}
          </ul>
        </section>
        <section class="card" aria-labelledby="figures">
          <h2 id="figures">State</h2>
          <dl class="totals">
            {figures.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{String(value)}</dd>
              </div>
            ))}
          </dl>
        </section>
      </main>
    </>
  );
}

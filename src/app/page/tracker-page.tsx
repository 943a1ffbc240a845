// The page of a tracker: what it holds, whether it is in step with its partner, and how many requests it takes.

import { counted, formatBytes, formatSeconds, percentOf } from './figures.js';
import { useAsked } from './looking.js';
import { useRef, useState } from './preact.js';
import { looksWith, type RequestCountsRow, requestWords } from './request-rates.js';
import type { AboutRow } from './rows.js';

const STATUS_MS = 2_000;
const LIST_MS = 5_000;
const PIECE_BYTES = 512 * 1024;
/** More rows than anybody reads make a browser slow. */
const SHOWN_MAX = 500;

interface ListedRow {
  readonly name: string;
  readonly size: number;
  readonly seeders: number;
  readonly complete: number;
  readonly swarm: string;
}

type Figures = Readonly<Record<string, unknown>>;

interface StatusRow {
  readonly ready: boolean;
  /** Why it is not. */
  readonly unready: string;
  readonly stats: Figures & RequestCountsRow;
}

export function TrackerPage({ about }: { readonly about: AboutRow }) {
  const status = useAsked<StatusRow>('stats', STATUS_MS);
  const list = useAsked<{ readonly files: readonly ListedRow[] }>('list', LIST_MS);
  const rate = useRequestWords(status.answer?.stats);
  const files = list.answer?.files ?? [];
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
            Shared files <span class="count">{files.length}</span>
          </h2>
          {list.problem !== undefined && <p class="hint">{list.problem}</p>}
          {list.answer !== undefined && files.length === 0 && <p class="hint">Nothing is listed.</p>}
          <ul class="rows">
            {files.slice(0, SHOWN_MAX).map((file) => (
              <SwarmItem key={file.swarm} file={file} />
            ))}
          </ul>
        </section>
        {status.answer !== undefined && <StatePanel status={status.answer} rate={rate} />}
      </main>
    </>
  );
}

/** A file, and on demand who has how much of it. */
function SwarmItem({ file }: { readonly file: ListedRow }) {
  const [isOpen, setOpen] = useState(false);
  const { name, size, seeders, complete, swarm } = file;
  return (
    <li class="swarm">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <b>{name}</b>
          <span class="hint">{`${formatBytes(size)} · ${counted(seeders, 'seeder')}, ${complete} complete`}</span>
        </summary>
        {isOpen && <SeederList name={name} pieces={Math.ceil(size / PIECE_BYTES)} swarm={swarm} />}
      </details>
    </li>
  );
}

interface SeedersRow {
  readonly total: number;
  readonly seeders: readonly { readonly address: string; readonly have: number }[];
}

interface SeederListProps {
  readonly name: string;
  readonly pieces: number;
  readonly swarm: string;
}

function SeederList({ name, pieces, swarm }: SeederListProps) {
  const { answer, problem } = useAsked<SeedersRow>('seeders', LIST_MS, { swarm });
  if (answer === undefined) return <p class="hint">{problem ?? 'asking…'}</p>;
  const { total, seeders } = answer;
  const shown = seeders.slice(0, SHOWN_MAX);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
    <section class="seeders" aria-label={`Seeders of ${name}`} tabIndex={0}>
      <ul>
        {shown.map(({ address, have }) => (
          <li key={address}>
            <span class="mono">{address}</span>
            <progress aria-label={`${name}: pieces at ${address}`} max={pieces} value={have} />
            <span>{`${percentOf(have, pieces)} %`}</span>
          </li>
        ))}
        {total > shown.length && <li class="hint">{`${total - shown.length} more`}</li>}
      </ul>
    </section>
  );
}

function StatePanel({ status, rate }: { readonly status: StatusRow; readonly rate: string | undefined }) {
  const { ready, unready, stats } = status;
  const { partner } = stats;
  const plain = (all: object) =>
    Object.entries(all).filter(([, value]) => value !== null && value !== '' && typeof value !== 'object');
  return (
    <section class="card" aria-labelledby="state">
      <h2 id="state">
        State <span class={`state ${ready ? 'fine' : 'bad'}`}>{ready ? 'ready' : 'not ready'}</span>
      </h2>
      {!ready && <p class="problem">{unready}</p>}
      <ul class="rows">
        <li>{rate ?? 'counting requests…'}</li>
        {partnerWords(partner).map(([words, isBad]) => (
          <li key={words} class={isBad ? 'bad' : ''}>
            {words}
          </li>
        ))}
      </ul>
      <FigureList title="This tracker" figures={plain(stats)} />
      {typeof partner === 'object' && partner !== null && <FigureList title="Its partner" figures={plain(partner)} />}
    </section>
  );
}

/** Of what the statistics say of the partner; a shared database says other things. */
function partnerWords(partner: unknown): readonly (readonly [string, boolean])[] {
  if (typeof partner !== 'object' || partner === null) return [];
  const { following, followedBy, digestEqual } = partner as Figures;
  const words: [string, boolean][] = [];
  if (typeof following === 'boolean')
    words.push(following ? ['the partner is connected', false] : ['the partner does not answer', true]);
  if (following === true && followedBy === false) words.push(['the partner does not take changes from here', true]);
  if (typeof digestEqual === 'boolean')
    words.push(digestEqual ? ['both lists are equal', false] : ['the lists differ', true]);
  return words;
}

function FigureList({ title, figures }: { readonly title: string; readonly figures: readonly [string, unknown][] }) {
  return (
    <>
      <h3>{title}</h3>
      <dl class="totals">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{spaced(name.replace(/(?:Bytes|Ms)$/, ''))}</dt>
            <dd>{shown(name, value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** By the unit at the end of its name. */
function shown(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return String(value);
  if (name === 'wallMs') return new Date(value).toLocaleString();
  if (name.endsWith('Bytes')) return formatBytes(value);
  if (name.endsWith('Ms')) return value < 1_000 ? `${value.toLocaleString('en')} ms` : formatSeconds(value);
  return value.toLocaleString('en');
}

/** 'liveEntries' → 'live entries' */
function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Of the last looks; undefined before there were two. */
function useRequestWords(stats: RequestCountsRow | undefined): string | undefined {
  const looks = useRef<readonly RequestCountsRow[]>([]);
  if (stats === undefined) return undefined;
  if (stats !== looks.current.at(-1)) looks.current = looksWith(looks.current, stats);
  return requestWords(looks.current[0], stats);
}

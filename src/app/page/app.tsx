// The page of a client: what it does at the top, its files, one of them in detail, and what may be wrong. Which file is
// open stands in the address, so that a reload and a bookmark keep it.

import { AddPanel } from './add-panel.js';
import { DoctorPanel } from './doctor-panel.js';
import { EventsPanel } from './events-panel.js';
import { FileDetail } from './file-detail.js';
import { FileList } from './file-list.js';
import { Header } from './header.js';
import { useAsked } from './looking.js';
import { useCallback, useEffect, useMemo, useRef, useState } from './preact.js';
import { RateHistory } from './rate-history.js';
import { RatesPanel } from './rates-panel.js';
import { type AboutRow, type FileRow, keptRows } from './rows.js';
import { TrackerPage } from './tracker-page.js';
import { TrackersPanel } from './trackers-panel.js';

const FILES_MS = 1_000;
/** Which program it is does not change; that it ended is said by what is asked more often. */
const ABOUT_MS = 60_000;

interface FilesRow {
  readonly files: readonly FileRow[];
}

export function App() {
  const about = useAsked<AboutRow>('about', ABOUT_MS);
  if (about.answer === undefined && about.problem !== undefined)
    return (
      <main class="alone">
        <h1>Mini-Torrent</h1>
        <p role="alert">{about.problem}</p>
      </main>
    );
  if (about.answer === undefined) return null;
  return about.answer.program === 'tracker' ? (
    <TrackerPage about={about.answer} />
  ) : (
    <ClientPage about={about.answer} />
  );
}

function ClientPage({ about }: { readonly about: AboutRow }) {
  const history = useMemo(() => new RateHistory(), []);
  // Also when nothing changed: then the rates are 0.
  const [, setReadMs] = useState(0);
  const { answer, problem, again } = useAsked<FilesRow>('downloads', FILES_MS, {}, ({ files: rows }) => {
    const sum = (of: (file: FileRow) => number): number => rows.reduce((all, file) => all + of(file), 0);
    const atMs = Date.now();
    history.read({ atMs, received: sum(({ received }) => received), sent: sum(({ sent }) => sent) });
    setReadMs(atMs);
  });
  const [open, setOpen] = useOpenFile();
  const before = useRef<readonly FileRow[]>([]);
  const files = useMemo(() => keptRows(before.current, answer?.files ?? []), [answer]);
  before.current = files;
  const shown = files.find(({ mtorrentPath }) => mtorrentPath === open);
  return (
    <>
      <Header about={about} rates={history.now} problem={problem} />
      <main>
        <div class="column">
          <AddPanel downloadDir={about.downloadDir ?? ''} files={files} onAdded={again} />
          <FileList files={files} isKnown={answer !== undefined} open={shown} onOpen={setOpen} onChanged={again} />
        </div>
        <div class="column">
          {shown !== undefined && <FileDetail file={shown} />}
          <RatesPanel series={history.series()} />
          {useMemo(otherPanels, [])}
        </div>
      </main>
    </>
  );
}

/** They ask for themselves, so nothing that is asked here makes them anew. */
function otherPanels() {
  return (
    <>
      <TrackersPanel />
      <DoctorPanel />
      <EventsPanel />
    </>
  );
}

/** The .mtorrent of the open file, kept behind the # of the address. */
function useOpenFile(): readonly [string, (mtorrentPath: string) => void] {
  const read = (): string => decodeURIComponent(location.hash.slice(1));
  const [open, setOpen] = useState(read());
  useEffect(() => {
    const heard = (): void => setOpen(read());
    addEventListener('hashchange', heard);
    return () => removeEventListener('hashchange', heard);
  }, []);
  const show = useCallback((path: string): void => {
    history.replaceState(null, '', `#${encodeURIComponent(path)}`);
    setOpen(path);
  }, []);
  return [open, show];
}

// What is downloaded next: a .mtorrent that is dropped anywhere on the page or chosen, or a link that is pasted.

import { change, drop } from './api.js';
import { LINK_ID } from './kept-focus.js';
import { isLinkOrPath } from './pasted.js';
import { useEffect, useRef, useState } from './preact.js';
import { type FileRow, isWhole } from './rows.js';

interface AddPanelProps {
  readonly downloadDir: string;
  readonly files: readonly FileRow[];
  readonly onAdded: () => void;
}

/** What the last attempt led to: a refusal, or a file that stays the last one until it is gone from the list. */
type Told =
  | { readonly isBad: true; readonly sentence: string }
  | { readonly isBad: false; readonly path: string; readonly wasListed: boolean };

export function AddPanel({ downloadDir, files, onAdded }: AddPanelProps) {
  const [link, setLink] = useState('');
  const [told, setTold] = useState<Told>();
  const [isOver, setIsOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const begin = async (get: () => Promise<{ readonly path: string }>): Promise<void> => {
    try {
      const { path } = await get();
      setTold({ isBad: false, path, wasListed: false });
      setLink('');
      onAdded();
    } catch (error) {
      setTold({ isBad: true, sentence: (error as Error).message });
    }
  };
  const take = async (given: Iterable<File>): Promise<void> => {
    for (const file of given) await begin(() => drop(file, ''));
  };
  useDrop(setIsOver, (given) => void take(given));
  const begun = told?.isBad === false ? files.find(({ path }) => path === told.path) : undefined;
  useEffect(() => {
    if (told?.isBad !== false || (begun !== undefined) === told.wasListed) return;
    setTold(begun === undefined ? undefined : { ...told, wasListed: true });
  }, [told, begun]);
  const fetchLink = (event: Event): void => {
    event.preventDefault();
    const given = link.trim();
    if (given === '') return;
    if (isLinkOrPath(given)) void begin(() => change('get', { mtorrentPath: given, destination: `${downloadDir}/` }));
    else setTold({ isBad: true, sentence: 'this is no link: one begins with mtorrent:, and share prints it' });
  };
  return (
    <section class={isOver ? 'card add over' : 'card add'} aria-labelledby="add">
      <h2 id="add">Add a download</h2>
      <form onSubmit={fetchLink}>
        <input
          id={LINK_ID}
          type="text"
          aria-label="Link"
          placeholder="Paste a link: mtorrent:…"
          value={link}
          onInput={(event) => setLink(event.currentTarget.value)}
        />
        <button type="submit" class="main" aria-disabled={link.trim() === ''}>
          Get
        </button>
        <button type="button" onClick={() => chooser.current?.click()}>
          Choose a .mtorrent…
        </button>
        <input
          ref={chooser}
          type="file"
          accept=".mtorrent"
          multiple
          hidden
          aria-label="A .mtorrent"
          onChange={(event) => {
            void take([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = '';
          }}
        />
      </form>
      <p class={told?.isBad === true ? 'hint bad' : 'hint'} role="status">
        {noticeOf(told, begun) ?? `Or drop a .mtorrent anywhere on this page. It goes to ${downloadDir}.`}
      </p>
    </section>
  );
}

/** Undefined: there is nothing to say that the list does not say. */
function noticeOf(told: Told | undefined, begun: FileRow | undefined): string | undefined {
  if (told === undefined || told.isBad) return told?.sentence;
  if (begun !== undefined && isWhole(begun)) return `complete: ${told.path}`;
  return begun?.state === 'paused' || begun?.state === 'failed' ? undefined : `downloading to ${told.path}`;
}

function useDrop(over: (isOver: boolean) => void, dropped: (files: readonly File[]) => void): void {
  const latest = useRef(dropped);
  latest.current = dropped;
  useEffect(() => {
    const allow = (event: DragEvent): void => {
      event.preventDefault();
      over(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) over(false);
    };
    const take = (event: DragEvent): void => {
      event.preventDefault();
      over(false);
      latest.current([...(event.dataTransfer?.files ?? [])]);
    };
    addEventListener('dragover', allow);
    addEventListener('dragleave', leave);
    addEventListener('drop', take);
    return () => {
      removeEventListener('dragover', allow);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', take);
    };
  }, []);
}

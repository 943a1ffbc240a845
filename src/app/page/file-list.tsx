// The files of the client as a list: downloads first, then what is shared. One of them is open, and shown in detail.

import { counted, formatBytes, formatEta, formatRate, percentOf } from './figures.js';
import { FileButtons } from './file-buttons.js';
import { useKeptFocus } from './kept-focus.js';
import { kept, useState } from './preact.js';
import { type FileRow, isWhole } from './rows.js';

interface FileListProps {
  readonly files: readonly FileRow[];
  readonly isKnown: boolean;
  readonly open: FileRow | undefined;
  readonly onOpen: (mtorrentPath: string) => void;
  readonly onChanged: () => void;
}

/** More rows than anybody reads make a browser slow: the rest is found by its name. */
const ROWS_MAX = 200;

export function FileList({ files, isKnown, open, onOpen, onChanged }: FileListProps) {
  const [filter, setFilter] = useState('');
  useKeptFocus();
  const found = files.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const downloads = found.filter((file) => !isWhole(file));
  const shares = found.filter(isWhole);
  const rows = (title: string, some: readonly FileRow[]) =>
    some.length > 0 && (
      <section class="card" aria-label={title}>
        <h2>
          {title} <span class="count">{some.length}</span>
        </h2>
        <ul class="files">
          {some.slice(0, ROWS_MAX).map((file) => (
            <FileItem
              key={file.mtorrentPath}
              file={file}
              isOpen={file.mtorrentPath === open?.mtorrentPath}
              onOpen={onOpen}
              onChanged={onChanged}
            />
          ))}
        </ul>
        {some.length > ROWS_MAX && (
          <p class="hint">{`${some.length - ROWS_MAX} more; type a part of the name above`}</p>
        )}
      </section>
    );
  return (
    <>
      {files.length > 8 && (
        <input
          type="search"
          class="filter"
          aria-label="A part of a name"
          placeholder="Find by name"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      )}
      {rows('Downloads', downloads)}
      {rows('Shared', shares)}
      {isKnown && files.length === 0 && <p class="card empty">No file is shared or downloaded yet.</p>}
    </>
  );
}

interface FileItemProps {
  readonly file: FileRow;
  readonly isOpen: boolean;
  readonly onOpen: (mtorrentPath: string) => void;
  readonly onChanged: () => void;
}

const FileItem = kept(({ file, isOpen, onOpen, onChanged }: FileItemProps) => {
  const { name, state, have, pieces, problem, mtorrentPath } = file;
  const percent = percentOf(have, pieces);
  return (
    <li class={isOpen ? 'file open' : 'file'} data-file={mtorrentPath}>
      <button type="button" class="name" aria-pressed={isOpen} onClick={() => onOpen(isOpen ? '' : mtorrentPath)}>
        {name}
      </button>
      <span class={`state ${state}`}>{state}</span>
      {state !== 'seeding' && (
        <progress aria-label={`${name}: pieces that are here`} max={pieces} value={have} class={state}>
          {percent} %
        </progress>
      )}
      <span class="facts">{factsOf(file).join(' · ')}</span>
      <FileButtons file={file} onChanged={onChanged} onRemoving={() => isOpen && onOpen('')} />
      {problem !== '' && <p class="problem">{problem}</p>}
    </li>
  );
});

function factsOf(file: FileRow): readonly string[] {
  const { state, have, pieces, size, rate, peers, seeders, sent, files, filesDone } = file;
  const folder = files === 0 ? [] : [filesDone === files ? counted(files, 'file') : `${filesDone} of ${files} files`];
  if (state === 'seeding') return [formatBytes(size), ...folder, `sent ${formatBytes(sent)}`];
  const facts = [`${percentOf(have, pieces)} % of ${formatBytes(size)}`, ...folder];
  if (state !== 'downloading') return facts;
  const left = pieces === 0 ? 0 : (size * (pieces - have)) / pieces;
  const eta = formatEta(left, rate);
  return [
    ...facts,
    formatRate(rate),
    `${counted(peers, 'peer')} (${seeders} complete)`,
    ...(eta === '' ? [] : [`${eta} left`]),
  ];
}

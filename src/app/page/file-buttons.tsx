// What can be done with a file: pause, resume, verify, its link, and remove, which asks first.

import { ask, change } from './api.js';
import { useRef, useState } from './preact.js';
import { type FileRow, isWhole, mayNotYet, mayPause, mayQueue, mayResume } from './rows.js';

interface FileButtonsProps {
  readonly file: FileRow;
  readonly onChanged: () => void;
  /** Before it is removed: whoever asks for its map must stop. */
  readonly onRemoving: () => void;
}

interface Verified {
  readonly good: number;
  readonly pieces: number;
}

export function FileButtons({ file, onChanged, onRemoving }: FileButtonsProps) {
  const [told, setTold] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  const { name, mtorrentPath } = file;
  const perform = async (done: () => Promise<string>): Promise<void> => {
    try {
      setTold(await done());
      onChanged();
    } catch (error) {
      setTold((error as Error).message);
    }
  };
  const button = (label: string, done: () => Promise<string>) => (
    <button type="button" aria-label={`${label} ${name}`} onClick={() => void perform(done)}>
      {label}
    </button>
  );
  const turn = mayResume(file) ? 'Resume' : 'Pause';
  const queue = (verb: 'top' | 'bottom', done: string) => async (): Promise<string> => {
    await change(verb, { name: mtorrentPath });
    return done;
  };
  return (
    <>
      <span class="buttons">
        {(mayPause(file) || mayResume(file) || mayNotYet(file)) && (
          // One button, so that the focus stays while the file goes from one state to another.
          <button
            type="button"
            aria-label={`${turn} ${name}`}
            aria-disabled={mayNotYet(file)}
            onClick={() => {
              if (!mayNotYet(file))
                void perform(() =>
                  change(turn === 'Pause' ? 'pause' : 'resume', { name: mtorrentPath }).then(() => ''),
                );
            }}
          >
            {turn}
          </button>
        )}
        {mayQueue(file) && button('Top', queue('top', 'it begins next'))}
        {mayQueue(file) && button('Bottom', queue('bottom', 'it begins after all others'))}
        {button('Verify', async () => {
          setTold('reading all pieces again…');
          const { good, pieces } = await change<Verified>('verify', { name: mtorrentPath });
          return `${good} of ${pieces} pieces are good`;
        })}
        {button('Copy link', async () => {
          const { link } = await ask<{ readonly link: string }>('link', { name: mtorrentPath });
          await navigator.clipboard.writeText(link);
          return 'the link is on the clipboard';
        })}
        <button type="button" aria-label={`Remove ${name}`} onClick={() => dialog.current?.showModal()}>
          Remove…
        </button>
      </span>
      {told !== '' && (
        <p class="hint" role="status">
          {told}
        </p>
      )}
      <RemoveDialog file={file} place={dialog} perform={perform} onRemoving={onRemoving} />
    </>
  );
}

interface RemoveDialogProps {
  readonly file: FileRow;
  readonly place: { current: HTMLDialogElement | null };
  readonly perform: (done: () => Promise<string>) => Promise<void>;
  readonly onRemoving: () => void;
}

function RemoveDialog({ file, place, perform, onRemoving }: RemoveDialogProps) {
  const { name, path, mtorrentPath } = file;
  const whole = isWhole(file);
  const remove = (flags: Readonly<Record<string, boolean>>): void => {
    place.current?.close();
    onRemoving();
    void perform(async () => {
      await change('remove', { name: mtorrentPath, ...flags });
      return '';
    });
  };
  return (
    <dialog ref={place} aria-label={`Remove ${name}`}>
      <h3>Remove {name}?</h3>
      <p>
        {whole
          ? 'It is not shared any more. The file itself is kept, unless you delete it.'
          : 'The download ends, and what was fetched of it is discarded.'}
      </p>
      <p class="path">{path}</p>
      <p class="buttons">
        <button type="button" onClick={() => place.current?.close()}>
          Keep it
        </button>
        <button type="button" class="main" onClick={() => remove(whole ? {} : { force: true })}>
          {whole ? 'Stop sharing' : 'Discard the download'}
        </button>
        {whole && (
          <button type="button" class="danger" onClick={() => remove({ deleteFiles: true })}>
            Delete the file, too
          </button>
        )}
      </p>
    </dialog>
  );
}

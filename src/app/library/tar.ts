// A folder as one tar, in the order of its list, below one directory of its name. Times are those of the list, else
// the time of the tar.

import { once } from 'node:events';
import type { Header, Pack } from 'tar-stream';
import { deferred } from '../../foundation/base/deferred.js';
import type { FolderList } from '../../foundation/torrent/folder/folder-list.js';
import { CONTENT_CHUNK_BYTES, USTAR_BYTES_MAX } from './limits.js';

type EntryHeader = Partial<Header> & Pick<Header, 'name'>;

/** Fills `bytes` with those of the piece space from `offset` on. */
export type ReadContent = (offset: number, bytes: Uint8Array) => Promise<void>;

/** The tar of the chosen entries, in parts that the caller owns. Rejects as `read` does. */
export async function* tarOf(
  name: string,
  folder: FolderList,
  nowMs: number,
  read: ReadContent,
): AsyncGenerator<Uint8Array> {
  const { pack } = await import('tar-stream');
  const stream = pack();
  const filled = fill(stream, name, folder, nowMs, read).catch((error: Error) => stream.destroy(error));
  try {
    for await (const part of stream) yield part as Uint8Array;
    await filled;
  } finally {
    stream.destroy();
  }
}

async function fill(stream: Pack, name: string, folder: FolderList, nowMs: number, read: ReadContent): Promise<void> {
  await put(stream, { name: `${name}/`, type: 'directory', mtime: new Date(nowMs) });
  for (let index = 0; index < folder.count; index += 1) {
    if (folder.isPad(index) || !folder.isChosen(index)) continue;
    const seconds = folder.secondsOf(index);
    const mtime = new Date(seconds === undefined ? nowMs : seconds * 1_000);
    const path = `${name}/${folder.pathOf(index)}`;
    const kind = folder.kindOf(index);
    if (kind === 'dir') await put(stream, { name: `${path}/`, type: 'directory', mtime });
    else if (kind === 'link')
      await put(stream, { name: path, type: 'symlink', linkname: folder.targetOf(index), mtime });
    else {
      const size = folder.sizeOf(index);
      const mode = kind === 'exec' ? 0o755 : 0o644;
      const begin = folder.beginOf(index);
      await put(stream, { name: path, type: 'file', size, mode, mtime, ...largeSize(size) }, (at, bytes) =>
        read(begin + at, bytes),
      );
    }
  }
  stream.finalize();
}

/** Twelve octal digits are too few: the size stands in a pax header, which every tar of today reads. */
function largeSize(size: number): Pick<Header, 'pax'> {
  return size > USTAR_BYTES_MAX ? { pax: { size: String(size) } } : {};
}

/** Writes one entry; resolves when whoever reads the tar has taken most of it. */
async function put(stream: Pack, header: EntryHeader, read?: ReadContent): Promise<void> {
  const done = deferred<undefined>();
  // Nobody waits for it when reading fails first.
  done.promise.catch(() => undefined);
  const sink = stream.entry(header, (error) => {
    if (error === null || error === undefined) done.resolve(undefined);
    else done.reject(error);
  });
  // Its callback has the error, too.
  sink.on('error', () => undefined);
  const { size = 0 } = header;
  for (let at = 0; read !== undefined && at < size; ) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(CONTENT_CHUNK_BYTES, size - at));
    await read(at, bytes);
    at += bytes.length;
    if (!sink.write(bytes)) await Promise.race([once(sink, 'drain'), done.promise]);
  }
  if (read !== undefined) sink.end(null);
  await done.promise;
}

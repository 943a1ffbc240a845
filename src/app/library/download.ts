// One download as a program follows it: an async iterator of its progress that ends with the download. It only watches;
// leaving the iterator does not stop the download.

import { deferred, within } from '../../foundation/base/deferred.js';
import { isErrorCode } from '../../foundation/base/error-codes.js';
import { MiniTorrentError } from '../../foundation/base/errors.js';
import { DOWNLOAD_LOOK_MS } from '../../foundation/base/limits.js';
import type { ClientNotification } from './request-client.js';
import type { FileView } from './views.js';

/** What a download needs of its client. */
export interface DownloadClient {
  listen(listener: (event: ClientNotification) => void): () => void;
  file(name: string): Promise<FileView>;
}

type End = { readonly error: MiniTorrentError | undefined };

export class Download implements AsyncIterable<FileView> {
  readonly #client: DownloadClient;
  readonly #ended = deferred<End>();
  readonly #unlisten: () => void;
  /** Notifications that came before the answer to `get`, when the path was not known yet. */
  #early: ClientNotification[] = [];
  #path: string | undefined;
  #end: End | undefined;

  constructor(client: DownloadClient) {
    this.#client = client;
    this.#unlisten = client.listen((event) => this.#heard(event));
  }

  /** Where the whole file will be. */
  get path(): string {
    return this.#path ?? '';
  }

  accepted(path: string): void {
    this.#path = path;
    for (const event of this.#early.splice(0)) this.#heard(event);
  }

  /** The client refused it. */
  dismiss(): void {
    this.#unlisten();
  }

  /** The path of the complete file. Rejects with MiniTorrentError: why there is none. */
  async finished(): Promise<string> {
    for await (const _progress of this);
    return this.path;
  }

  /**
   * The state of the download, a few times a second; the last value is the complete file. Throws MiniTorrentError: why
   * it failed, or FILE_NOT_FOUND when somebody removed it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FileView, void, void> {
    while (this.#end === undefined) {
      const file = await this.#client.file(this.path);
      yield file;
      // It was complete before anybody listened.
      if (file.state === 'seeding') {
        this.#unlisten();
        return;
      }
      await within<unknown>(this.#ended.promise, DOWNLOAD_LOOK_MS, () => undefined);
    }
    if (this.#end.error !== undefined) throw this.#end.error;
    yield await this.#client.file(this.path);
  }

  #heard(event: ClientNotification): void {
    if (event.kind !== 'completed' && event.kind !== 'failed') return;
    if (this.#path === undefined) {
      this.#early.push(event);
      return;
    }
    if (event.path !== this.#path || this.#end !== undefined) return;
    this.#unlisten();
    const failure = (code: string, sentence: string) =>
      new MiniTorrentError(isErrorCode(code) ? code : 'INTERNAL', sentence);
    this.#end = { error: event.kind === 'completed' ? undefined : failure(event.code, event.sentence) };
    this.#ended.resolve(this.#end);
  }
}

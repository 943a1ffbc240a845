// The files and directories below one open directory. Each directory on the way is opened from its parent and never
// through a link, so that nothing outside can be reached, whatever others put in their place meanwhile. A few of them
// stay open for the next file.

import fs, { constants } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../../../foundation/base/errors.js';
import { FOLDER_DIRECTORIES_OPEN_MAX } from '../limits.js';

const { O_RDONLY, O_WRONLY, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
const DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
/** Without O_NONBLOCK, opening a named pipe would wait for its other end. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const WRITE = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
const READ_WRITE_MODE = 0o666;
const EXECUTABLE_MODE = 0o777;

const openFd = promisify(fs.open);
const closeFd = promisify(fs.close);

export class FolderTree {
  readonly #root: number;
  readonly #follows: boolean;
  /** Descriptors by path, least recently used first. */
  readonly #open = new Map<string, number>();

  /**
   * @param root descriptor of the directory; its owner closes it.
   * @param follows links, where the directory is shared with what they point to.
   */
  constructor(root: number, follows = false) {
    this.#root = root;
    this.#follows = follows;
  }

  /** A path by which system calls reach `path` through no link but perhaps the last part. Valid until the next call. */
  reach(path: string): string {
    return this.#reach(path, false);
  }

  openToRead(path: string): number {
    return fs.openSync(this.reach(path), following(READ, this.#follows));
  }

  /** Makes the file and its directories when they are missing. */
  openToWrite(path: string, executable: boolean): number {
    const mode = executable ? EXECUTABLE_MODE : READ_WRITE_MODE;
    try {
      return fs.openSync(this.reach(path), WRITE, mode);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // One of those that are open may have been deleted.
      this.close();
      return fs.openSync(this.#reach(path, true), WRITE, mode);
    }
  }

  /** Makes it and those above it, where they are missing. */
  makeDirectory(path: string): void {
    this.#directory(path, true);
  }

  /** A descriptor that stays open until the next call. '' is the root. */
  directory(path: string): number {
    return this.#directory(path, false);
  }

  /** Closes the directories that stayed open. */
  close(): void {
    for (const fd of this.#open.values()) fs.closeSync(fd);
    this.#open.clear();
  }

  #reach(path: string, make: boolean): string {
    const slash = path.lastIndexOf('/');
    const parent = slash < 0 ? this.#root : this.#directory(path.slice(0, slash), make);
    return below(parent, path.slice(slash + 1));
  }

  #directory(path: string, make: boolean): number {
    if (path === '') return this.#root;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const reached = this.#reach(path, make);
    const fd = make ? openOrMake(reached) : fs.openSync(reached, following(DIRECTORY, this.#follows));
    this.#open.set(path, fd);
    if (this.#open.size > FOLDER_DIRECTORIES_OPEN_MAX) this.#closeOldest();
    return fd;
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      fs.closeSync(fd);
      this.#open.delete(path);
      return;
    }
  }
}

/** Opens a file on the system's threads, as FolderTree does. */
export async function openBelow(root: number, path: string, follows = false): Promise<number> {
  const walk = new LaterWalk(root, follows);
  try {
    return await walk.open(path);
  } finally {
    await walk.close();
  }
}

/** The same for several files, one after the other: the directory of the last one stays open. */
export class LaterWalk {
  readonly #root: number;
  readonly #follows: boolean;
  #path = '';
  #directory: number;

  /** As of FolderTree. */
  constructor(root: number, follows = false) {
    this.#root = root;
    this.#follows = follows;
    this.#directory = root;
  }

  async open(path: string): Promise<number> {
    const slash = path.lastIndexOf('/');
    const directory = slash < 0 ? '' : path.slice(0, slash);
    if (directory !== this.#path) await this.#enter(directory);
    return openFd(below(this.#directory, path.slice(slash + 1)), following(READ, this.#follows));
  }

  async close(): Promise<void> {
    const fd = this.#directory;
    this.#path = '';
    this.#directory = this.#root;
    if (fd !== this.#root) await closeFd(fd);
  }

  async #enter(directory: string): Promise<void> {
    await this.close();
    if (directory === '') return;
    for (const part of directory.split('/')) {
      const next = await openFd(below(this.#directory, part), following(DIRECTORY, this.#follows));
      await this.close();
      this.#directory = next;
    }
    this.#path = directory;
  }
}

function following(flags: number, follows: boolean): number {
  return follows ? flags & ~O_NOFOLLOW : flags;
}

function openOrMake(path: string): number {
  try {
    return fs.openSync(path, DIRECTORY);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  try {
    fs.mkdirSync(path);
  } catch (error) {
    // Another thread was faster.
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return fs.openSync(path, DIRECTORY);
}

/** Of an open directory; all threads see the same ones. */
export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function below(fd: number, name: string): string {
  return `${descriptorPath(fd)}/${name}`;
}

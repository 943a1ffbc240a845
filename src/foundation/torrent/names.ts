// Decides whether a name from a stranger may become a file here, and how a stranger's text may be shown. A name is one
// file name without a directory part; an unsafe one is refused with the reason, never repaired, so that what a user
// reads is what is written. The rules are those of the strictest system (Windows), so that a name works on every
// machine. Pure.

import { NAME_BYTES_MAX } from '../base/limits.js';

/** Windows opens a device for these, with any extension: `con.txt` is the console. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]) *$/i;
/**
 * Format characters: zero-width, bidirectional controls, byte order mark, tags; and the two separators that end a line.
 */
const INVISIBLE = /[\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * Undefined when `name` is safe to create in a directory, else the reason as a phrase: 'it has a path separator'.
 * Only names in Unicode normal form C pass: otherwise two different names could look the same, and be one file on
 * macOS.
 */
export function checkFileName(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it names a directory';
  if (name === '~') return 'it means the home directory to a shell';
  if (/[/\\]/.test(name)) return 'it has a path separator';
  if (/\p{Cc}/u.test(name)) return 'it has a control character';
  if (/\p{Cs}/u.test(name)) return 'it has half of a surrogate pair, which is not a character';
  if (INVISIBLE.test(name)) return 'it has an invisible or direction-changing character';
  if (name.includes(':')) return "it has a ':', which names a drive or a hidden stream on Windows";
  if (/[. ]$/.test(name)) return 'it ends with a dot or a space, which Windows drops';
  if (isDeviceName(name)) return 'it names a device on Windows';
  if (name !== name.normalize('NFC')) return 'it is not in Unicode normal form C';
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) return `it is longer than ${NAME_BYTES_MAX} bytes`;
  return undefined;
}

/** Whether Windows opens a device for a file of this name, whatever its extension. */
export function isDeviceName(name: string): boolean {
  return DEVICE.test(name.split('.', 1)[0] ?? '');
}

/** What Windows, FAT, exFAT and many network disks take in no name. Released files have it, so it is not refused. */
const UNPORTABLE = /[?*<>"|]/;
/** Bytes of a name that every file system takes: encrypted ones stop at 143, less what a `.part` adds. */
const SHORT_NAME_BYTES = 138;

/** A phrase for a safe name that some file systems refuse: 'it has a "?"'. Undefined: every system takes it. */
export function unportableIn(name: string): string | undefined {
  const found = UNPORTABLE.exec(name)?.[0];
  if (found !== undefined) return `it has a ${found === '"' ? `'"'` : `"${found}"`}`;
  return Buffer.byteLength(name) > SHORT_NAME_BYTES ? `it is longer than ${SHORT_NAME_BYTES} bytes` : undefined;
}

/** Whether every file system takes a file of this name, whoever chose it. */
export function isPortable(name: string): boolean {
  return /^[ -~]+$/.test(name) && checkFileName(name) === undefined && unportableIn(name) === undefined;
}

/**
 * `text` with everything escaped that could act on a terminal or deceive the eye: control, format and line characters
 * become `\u{1b}`. For any text that came from another machine or from a file's name, before it is shown.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

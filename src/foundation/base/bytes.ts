// Hex, byte counts as people write them, byte-wise comparison, and where in a page memory for files begins. Pure.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export const EMPTY_BYTES = new Uint8Array(0);

const { hexSlice } = Buffer.prototype;

export function toHex(bytes: Uint8Array): string {
  // As a Buffer's method on whatever it is: asking a small array for its memory would move it out of V8's heap.
  return hexSlice.call(bytes, 0, bytes.length);
}

/** Undefined when `text` is not an even number of hex digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Half of a page. */
const MID_PAGE = 2048;

/**
 * Memory for bytes on their way from a file to a socket: it begins in the middle of a page. Some processors copy at a
 * quarter of their speed to a place that lies 1 to 31 bytes further in its page than what is copied
 * (docs/decisions/019). A plain array of this size begins 16 bytes behind a page's start, where `malloc` puts it, and a
 * block of a file at one. V8 gives memory that may be resized whole pages; this never is.
 */
export function midPage(byteCount: number): Uint8Array<ArrayBuffer> {
  const whole = MID_PAGE + byteCount;
  return new Uint8Array(new ArrayBuffer(whole, { maxByteLength: whole }), MID_PAGE, byteCount);
}

/** The same of memory that threads share. @param shared the memory as another thread made it; new without. */
export function midPageShared(byteCount: number, shared?: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  const whole = MID_PAGE + byteCount;
  return new Uint8Array(shared ?? new SharedArrayBuffer(whole, { maxByteLength: whole }), MID_PAGE, byteCount);
}

/** As much of `text` as `bytesMax` bytes of UTF-8 hold, cut between characters. */
export function fitting(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) <= bytesMax) return text;
  let size = Buffer.byteLength('…');
  let kept = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > bytesMax) break;
    kept += character;
  }
  return `${kept}…`;
}

/** 1536 → '1.5 KiB'. Binary units with one decimal; bytes without. */
export function formatBytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** '256MiB', '256M', '1.5g', '4096' → bytes (powers of 1024). Undefined when it is not such a size. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const power = ' kmgt'.indexOf((match[2] ?? '').toLowerCase() || ' ');
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

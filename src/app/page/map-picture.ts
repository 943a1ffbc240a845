// The picture of a swarm as pixels, one for each cell and row: first what is here, then how common each cell is, then
// each peer. What has just arrived glows for a moment. Pure.

export interface MapFrame {
  readonly cells: number;
  /** Share of each cell that is here, 0 … 255. */
  readonly own: Uint8Array;
  readonly copies: Uint8Array;
  /** A bit a cell for each peer. */
  readonly has: readonly Uint8Array[];
  /** [cell, place of the peer] */
  readonly asked: readonly (readonly [number, number])[];
  readonly storing: readonly number[];
}

/** Each as 0xAABBGGRR, which is what a canvas takes on all machines of today. */
export interface MapColours {
  readonly empty: number;
  readonly have: number;
  readonly asked: number;
  readonly storing: number;
  readonly fresh: number;
  readonly peer: number;
  readonly rare: number;
  readonly common: number;
}

/** A picture or two, as often as the map is asked for. */
const GLOW_MS = 900;
const FIRST_PEER_ROW = 2;

export class MapPicture {
  #frame: MapFrame | undefined;
  /** When each cell became whole, in milliseconds; 0: before anybody looked. */
  #arrivedMs = new Float64Array(0);

  get width(): number {
    return this.#frame?.cells ?? 0;
  }

  get height(): number {
    return FIRST_PEER_ROW + (this.#frame?.has.length ?? 0);
  }

  show(frame: MapFrame, nowMs: number): void {
    const before = this.#frame;
    if (before?.cells !== frame.cells) this.#arrivedMs = new Float64Array(frame.cells);
    else
      for (let cell = 0; cell < frame.cells; cell += 1) {
        if (frame.own[cell] !== 255 || before.own[cell] === 255) continue;
        this.#arrivedMs[cell] = nowMs;
      }
    this.#frame = frame;
  }

  /** @param pixels width × height of them, from the top left. */
  paint(pixels: Uint32Array, colours: MapColours, nowMs: number): void {
    const frame = this.#frame;
    if (frame === undefined) return;
    this.#paintOwn(frame, pixels, colours, nowMs);
    this.#paintPeers(frame, pixels, colours);
    for (const cell of frame.storing) pixels[cell] = colours.storing;
    for (const [cell, peer] of frame.asked) {
      if (frame.own[cell] !== 255) pixels[cell] = colours.asked;
      pixels[(FIRST_PEER_ROW + peer) * frame.cells + cell] = colours.asked;
    }
  }

  #paintOwn({ cells, own, copies, has }: MapFrame, pixels: Uint32Array, colours: MapColours, nowMs: number): void {
    const most = Math.max(1, has.length);
    // Mixed once for each count, of which there are few, and not for each cell.
    const byCount = Array.from({ length: most + 1 }, (_, count) =>
      count === 0 ? colours.empty : mixed(colours.rare, colours.common, count / most),
    );
    for (let cell = 0; cell < cells; cell += 1) {
      const share = own[cell] ?? 0;
      const ageMs = nowMs - (this.#arrivedMs[cell] ?? 0);
      if (share === 0) pixels[cell] = colours.empty;
      else if (share < 255) pixels[cell] = mixed(colours.empty, colours.have, (share / 255) * 0.7);
      else pixels[cell] = ageMs < GLOW_MS ? mixed(colours.fresh, colours.have, ageMs / GLOW_MS) : colours.have;
      pixels[cells + cell] = byCount[Math.min(copies[cell] ?? 0, most)] ?? colours.empty;
    }
  }

  #paintPeers({ cells, has }: MapFrame, pixels: Uint32Array, { empty, peer }: MapColours): void {
    has.forEach((bits, row) => {
      const begin = (FIRST_PEER_ROW + row) * cells;
      pixels.fill(empty, begin, begin + cells);
      for (let cell = 0; cell < cells; cell += 1)
        if (((bits[cell >>> 3] ?? 0) & (0x80 >>> (cell & 7))) !== 0) pixels[begin + cell] = peer;
    });
  }
}

/** @param share 0: all of `from`, 1: all of `to`. */
export function mixed(from: number, to: number, share: number): number {
  const part = (shift: number): number => {
    const [a, b] = [(from >>> shift) & 0xff, (to >>> shift) & 0xff];
    return (Math.round(a + (b - a) * share) & 0xff) << shift;
  };
  return (part(24) | part(16) | part(8) | part(0)) >>> 0;
}

/** The bytes of a base64 text. A function for each byte would take most of the time of a picture. */
export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

// The picture of a swarm as pixels: a row for what is here, one for how common each cell is, and one for each peer.
// Many cells share a pixel where there are more of them than pixels. Of the peers only what changed is painted again.
// Pure.

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

/** As long as nobody takes it for the colour that stays, whatever the pause between two pictures. */
const GLOW_MS = 900;
export const FIRST_PEER_ROW = 2;

/** What the pixels show now. */
interface Painted {
  readonly columns: number;
  readonly cells: number;
  readonly colours: string;
  readonly pixels: Uint32Array;
  /** A bit a cell for each peer. */
  readonly has: Uint8Array[];
  /** Places in `pixels` that stand out of their row. */
  marks: readonly number[];
}

export class MapPicture {
  #frame: MapFrame | undefined;
  #painted: Painted | undefined;
  /** When each cell became whole, in milliseconds; 0: before anybody looked. */
  #arrivedMs = new Float64Array(0);

  get rows(): number {
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

  /** @returns `columns` × `rows` pixels from the top left, which the next call changes. */
  paint(columns: number, colours: MapColours, nowMs: number): Uint32Array {
    const frame = this.#frame;
    if (frame === undefined || frame.cells === 0) return new Uint32Array(columns * this.rows);
    const painted = this.#paintedBefore(frame, columns, colours);
    this.#paintOwn(frame, painted, colours, nowMs);
    for (const [row, bits] of frame.has.entries()) paintPeer(painted, row, bits, colours);
    for (const place of painted.marks) {
      const [row, column] = [Math.floor(place / columns) - FIRST_PEER_ROW, place % columns];
      if (row >= 0) painted.pixels[place] = peerPixel(painted, frame.has[row], column, colours);
    }
    painted.marks = mark(frame, painted, colours);
    return painted.pixels;
  }

  #paintedBefore(frame: MapFrame, columns: number, colours: MapColours): Painted {
    const [before, named] = [this.#painted, Object.values(colours).join()];
    const isSame =
      before?.columns === columns &&
      before.cells === frame.cells &&
      before.colours === named &&
      before.pixels.length === columns * this.rows;
    if (isSame) return before;
    const pixels = new Uint32Array(columns * this.rows);
    this.#painted = { columns, cells: frame.cells, colours: named, pixels, has: [], marks: [] };
    return this.#painted;
  }

  #paintOwn({ own, copies, has }: MapFrame, painted: Painted, colours: MapColours, nowMs: number): void {
    const { columns, pixels } = painted;
    const most = Math.max(1, has.length);
    for (let column = 0; column < columns; column += 1) {
      const [begin, end] = cellsOf(painted, column);
      let [here, common, newest] = [0, 0, 0];
      for (let cell = begin; cell < end; cell += 1) {
        const share = own[cell] ?? 0;
        here += share === 255 ? 1 : (share / 255) * 0.7;
        common += Math.min(copies[cell] ?? 0, most);
        newest = Math.max(newest, this.#arrivedMs[cell] ?? 0);
      }
      const ageMs = newest === 0 ? GLOW_MS : nowMs - newest;
      const base = mixed(colours.empty, colours.have, here / (end - begin));
      pixels[column] = ageMs < GLOW_MS ? mixed(colours.fresh, base, ageMs / GLOW_MS) : base;
      const share = common / (end - begin) / most;
      pixels[columns + column] = common === 0 ? colours.empty : mixed(colours.rare, colours.common, share);
    }
  }
}

type Grid = Pick<Painted, 'columns' | 'cells'>;

/** From the first cell of a column to before the last; at least one. */
function cellsOf({ columns, cells }: Grid, column: number): readonly [number, number] {
  const begin = Math.floor((column * cells) / columns);
  return [begin, Math.max(begin + 1, Math.floor(((column + 1) * cells) / columns))];
}

/** The first and the last column that show a cell. */
function columnsOf({ columns, cells }: Grid, cell: number): readonly [number, number] {
  const last = Math.floor(((cell + 1) * columns - 1) / cells);
  return [cells >= columns ? last : Math.ceil((cell * columns) / cells), last];
}

/** Eight cells that are as they were are passed over at once. */
function paintPeer(painted: Painted, row: number, bits: Uint8Array, colours: MapColours): void {
  const { columns, cells, pixels, has } = painted;
  const [before, begin] = [has[row], (FIRST_PEER_ROW + row) * columns];
  const paint = (from: number, to: number): void => {
    for (let column = from; column <= to; column += 1)
      pixels[begin + column] = peerPixel(painted, bits, column, colours);
  };
  has[row] = bits;
  if (before?.length !== bits.length) {
    paint(0, columns - 1);
    return;
  }
  for (let at = 0; at < bits.length; at += 1) {
    if (bits[at] === before[at] || at * 8 >= cells) continue;
    paint(columnsOf(painted, at * 8)[0], columnsOf(painted, Math.min(at * 8 + 7, cells - 1))[1]);
  }
}

function peerPixel(grid: Grid, bits: Uint8Array | undefined, column: number, { empty, peer }: MapColours): number {
  const [begin, end] = cellsOf(grid, column);
  let count = 0;
  for (let cell = begin; cell < end; cell += 1) count += ((bits?.[cell >>> 3] ?? 0) >>> (7 - (cell & 7))) & 1;
  if (count === 0) return empty;
  return count === end - begin ? peer : mixed(empty, peer, count / (end - begin));
}

/** Few cells are requested or being written at a time, so they have their pixel for themselves. @returns where. */
function mark({ own, asked, storing }: MapFrame, painted: Painted, colours: MapColours): readonly number[] {
  const marks: number[] = [];
  const set = (row: number, cell: number, colour: number): void => {
    const [first, last] = columnsOf(painted, cell);
    for (let column = first; column <= last; column += 1) {
      painted.pixels[row * painted.columns + column] = colour;
      marks.push(row * painted.columns + column);
    }
  };
  for (const cell of storing) set(0, cell, colours.storing);
  for (const [cell, peer] of asked) {
    if (own[cell] !== 255) set(0, cell, colours.asked);
    set(FIRST_PEER_ROW + peer, cell, colours.asked);
  }
  return marks;
}

/** @param share 0: all of `from`, 1: all of `to`. */
export function mixed(from: number, to: number, share: number): number {
  const part = (shift: number): number => {
    const [a, b] = [(from >>> shift) & 0xff, (to >>> shift) & 0xff];
    return (Math.round(a + (b - a) * share) & 0xff) << shift;
  };
  return (part(24) | part(16) | part(8) | part(0)) >>> 0;
}

/** Browsers of 2025 and later have it; others take a loop. */
const native = (Uint8Array as unknown as { readonly fromBase64?: (text: string) => Uint8Array }).fromBase64;

/** The bytes of a base64 text. A function for each byte would take most of the time of a picture. */
export function bytesOf(base64: string): Uint8Array {
  if (native !== undefined) return native.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

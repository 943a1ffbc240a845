// The live map of a file on a canvas: a row for what is here, one for how common each part is, and one for each peer,
// with the pieces from left to right. Draws once an answer, since nothing else changes it (docs/decisions/061).

import { formatRate } from './figures.js';
import { bytesOf, FIRST_PEER_ROW, type MapColours, type MapFrame, MapPicture } from './map-picture.js';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from './preact.js';
import type { MapRow } from './rows.js';

/** Height of the rows, and space between them, in CSS pixels. */
const OWN_PX = 30;
const COPIES_PX = 10;
const PEER_PX = 12;
const GAP_PX = 4;

export function SwarmMap({ map }: { readonly map: MapRow }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useMemo(() => new MapPicture(), [map.name]);
  const painter = useMemo(() => new Painter(), []);
  const frame = useMemo(() => frameOf(map), [map]);
  const width = useWidth(canvas);
  const isDark = useIsDark();
  const peers = map.peers.length;
  // Before the browser paints, so that the map and the words beside it are one frame.
  useLayoutEffect(() => {
    const nowMs = performance.now();
    picture.show(frame, nowMs);
    if (canvas.current === null || width === 0) return;
    if (painter.isDark !== isDark) [painter.isDark, painter.colours] = [isDark, coloursOf(canvas.current)];
    painter.draw(canvas.current, picture, width, nowMs);
  }, [frame, width, isDark]);
  const here = useMemo(() => frame.own.reduce((sum, cell) => sum + Number(cell === 255), 0), [frame]);
  const { height } = layoutOf(FIRST_PEER_ROW + peers);
  return (
    <figure class="map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${here} of ${map.cells} parts are here, ${map.asked.length} are requested from ${peers} peers`}
        style={{ height: `${height}px` }}
      />
      <figcaption>
        <span class="key have">here</span>
        {map.isLive && (
          <>
            <span class="key asked">requested</span>
            <span class="key storing">being written</span>
            <span class="key rare">rare</span>
            <span class="key common">common</span>
            <span class="key peer">at a peer</span>
          </>
        )}
        <span>{map.cells === map.pieces ? `${map.pieces} pieces` : `${map.pieces} pieces in ${map.cells} parts`}</span>
      </figcaption>
      {peers > 0 && <PeerTable map={map} />}
    </figure>
  );
}

function PeerTable({ map }: { readonly map: MapRow }) {
  const isNamed = map.peers.some(({ member }) => member !== undefined);
  const asked = new Map<number, number>();
  for (const [, peer] of map.asked) asked.set(peer, (asked.get(peer) ?? 0) + 1);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
    <section class="scroll" aria-label="Peers" tabIndex={0}>
      <table>
        <caption>Peers, from the top of the map</caption>
        <thead>
          <tr>
            {isNamed && <th scope="col">member</th>}
            <th scope="col">address</th>
            <th scope="col">has</th>
            <th scope="col">requested</th>
            <th scope="col">rate</th>
          </tr>
        </thead>
        <tbody>
          {map.peers.map(({ address, pieces, rate, member }, at) => (
            <tr key={address}>
              {isNamed && <td>{member === undefined ? '' : `${member.name} (${member.key})`}</td>}
              <td>{address}</td>
              <td>{pieces === map.pieces ? 'all' : pieces}</td>
              <td>{asked.get(at) ?? 0}</td>
              <td>{formatRate(rate)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function frameOf({ cells, own, copies, peers, asked, storing }: MapRow): MapFrame {
  const has = peers.map((peer) => bytesOf(peer.has));
  return { cells, own: bytesOf(own), copies: bytesOf(copies), has, asked, storing };
}

/** Of an element, in CSS pixels; 0 until it is known. Asked for while a page is drawn, it would be laid out twice. */
function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    if (place.current !== null) sizes.observe(place.current);
    return () => sizes.disconnect();
  }, []);
  return width;
}

/** Whether the colours are those for the dark. */
function useIsDark(): boolean {
  const scheme = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [isDark, setIsDark] = useState(scheme.matches);
  useEffect(() => {
    const changed = (): void => setIsDark(scheme.matches);
    scheme.addEventListener('change', changed);
    return () => scheme.removeEventListener('change', changed);
  }, []);
  return isDark;
}

/** Keeps the picture, which is megabytes, from one drawing to the next. */
class Painter {
  #image: ImageData | undefined;
  /** Read from the style sheet once for each of the two schemes. */
  colours: MapColours | undefined;
  isDark: boolean | undefined;

  draw(canvas: HTMLCanvasElement, picture: MapPicture, width: number, nowMs: number): void {
    const context = canvas.getContext('2d');
    const dots = devicePixelRatio;
    const { rows, height } = layoutOf(picture.rows);
    const [wide, high] = [Math.round(width * dots), Math.round(height * dots)];
    if (context === null || wide === 0 || this.colours === undefined) return;
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    if (this.#image?.width !== wide || this.#image.height !== high) this.#image = context.createImageData(wide, high);
    const dotsOf = new Uint32Array(this.#image.data.buffer);
    const pixels = picture.paint(wide, this.colours, nowMs);
    rows.forEach(({ top, size }, at) => {
      const row = pixels.subarray(at * wide, (at + 1) * wide);
      const [first, end] = [Math.round(top * dots), Math.round((top + size) * dots)];
      for (let line = first; line < end; line += 1) dotsOf.set(row, line * wide);
    });
    context.putImageData(this.#image, 0, 0);
  }
}

interface Placed {
  readonly top: number;
  readonly size: number;
}

/** Where each row of a picture is, in CSS pixels. Without peers what is here is all there is to show. */
function layoutOf(count: number): { readonly rows: readonly Placed[]; readonly height: number } {
  const own = { top: 0, size: OWN_PX };
  if (count === FIRST_PEER_ROW) return { rows: [own], height: OWN_PX + GAP_PX };
  const copies = { top: OWN_PX + GAP_PX, size: COPIES_PX };
  const first = copies.top + COPIES_PX + GAP_PX;
  const peers = Array.from({ length: count - FIRST_PEER_ROW }, (_, peer) => ({
    top: first + peer * PEER_PX,
    size: PEER_PX - 2,
  }));
  return { rows: [own, copies, ...peers], height: first + peers.length * PEER_PX };
}

function coloursOf(canvas: HTMLCanvasElement): MapColours {
  const style = getComputedStyle(canvas);
  const colour = (name: string): number => {
    const value = style.getPropertyValue(name).trim();
    const part = (at: number): number => Number.parseInt(value.slice(at, at + 2), 16);
    return ((0xff << 24) | (part(5) << 16) | (part(3) << 8) | part(1)) >>> 0;
  };
  return {
    empty: colour('--map-empty'),
    have: colour('--map-have'),
    asked: colour('--map-asked'),
    storing: colour('--map-storing'),
    fresh: colour('--map-fresh'),
    peer: colour('--map-peer'),
    rare: colour('--map-rare'),
    common: colour('--map-common'),
  };
}

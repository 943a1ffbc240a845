// The live map of a file on a canvas: a row for what is here, one for how common each part is, and one for each peer,
// with the pieces from left to right. Draws once an answer, since nothing else changes it (docs/decisions/061).

import { formatRate } from './figures.js';
import { bytesOf, type MapColours, type MapFrame, MapPicture } from './map-picture.js';
import { useLayoutEffect, useMemo, useRef } from './preact.js';
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
  const peers = map.peers.length;
  // Before the browser paints, so that the map and the words beside it are one frame.
  useLayoutEffect(() => {
    const nowMs = performance.now();
    picture.show(frame, nowMs);
    if (canvas.current !== null) painter.draw(canvas.current, picture, nowMs);
  }, [frame]);
  const here = useMemo(() => frame.own.reduce((sum, cell) => sum + Number(cell === 255), 0), [frame]);
  const height = OWN_PX + GAP_PX + (peers === 0 ? 0 : COPIES_PX + GAP_PX + peers * PEER_PX);
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
              <td>{map.asked.filter(([, peer]) => peer === at).length}</td>
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

/** Keeps a picture of one pixel a cell, which is megabytes, from one drawing to the next. */
class Painter {
  #small = new OffscreenCanvas(1, 1);
  #image: ImageData | undefined;

  draw(canvas: HTMLCanvasElement, picture: MapPicture, nowMs: number): void {
    const { width, height } = picture;
    if (width === 0) return;
    if (this.#small.width !== width || this.#small.height !== height) {
      this.#small = new OffscreenCanvas(width, height);
      this.#image = undefined;
    }
    const [inner, outer] = [this.#small.getContext('2d'), canvas.getContext('2d')];
    if (inner === null || outer === null) return;
    this.#image ??= inner.createImageData(width, height);
    picture.paint(new Uint32Array(this.#image.data.buffer), coloursOf(canvas), nowMs);
    inner.putImageData(this.#image, 0, 0);
    stretch(canvas, outer, this.#small, picture);
  }
}

function stretch(
  canvas: HTMLCanvasElement,
  outer: CanvasRenderingContext2D,
  small: OffscreenCanvas,
  { width, height }: MapPicture,
): void {
  const dots = devicePixelRatio;
  const [wide, high] = [Math.round(canvas.clientWidth * dots), Math.round(canvas.clientHeight * dots)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  outer.clearRect(0, 0, wide, high);
  // Many pieces share a pixel on a narrow screen: then their colours are averaged.
  outer.imageSmoothingEnabled = width > wide;
  const row = (at: number, top: number, size: number): void =>
    outer.drawImage(small, 0, at, width, 1, 0, top * dots, wide, size * dots);
  row(0, 0, OWN_PX);
  if (height === 2) return;
  row(1, OWN_PX + GAP_PX, COPIES_PX);
  const first = OWN_PX + COPIES_PX + 2 * GAP_PX;
  for (let peer = 2; peer < height; peer += 1) row(peer, first + (peer - 2) * PEER_PX, PEER_PX - 2);
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
